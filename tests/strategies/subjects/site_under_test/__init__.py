"""A package whose pages are imported late, and which has templates."""
