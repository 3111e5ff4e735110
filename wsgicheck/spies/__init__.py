"""Spies: they stand between server and application, hand each thing that passes to the plan, and note facts.

Law: the observer does not change the observed. Bytes, len(), exceptions, call shapes and the identity of
the server's file wrapper pass through as they are; what is said about them goes to the plan's sink.
"""
