"""A Flask application of one view."""

from __future__ import annotations

from flask import Flask, request

app = Flask(__name__)


@app.get("/hello/<name>")
def hello(name: str) -> str:
    return name.upper() if request.args.get("shout") == "loud" else name
