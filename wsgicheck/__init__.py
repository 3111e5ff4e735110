"""wsgicheck: does a WSGI application, middleware or server keep PEP 3333?"""

__version__ = "0.1.0"
