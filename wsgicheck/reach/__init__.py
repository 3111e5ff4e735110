"""What an application can be asked: routes of its framework, documents, crawled pages, recorded traffic.

`reach(application)` knows it without asking; a `Browser` and `crawl` find the rest by asking; a `Tracker` tells what
was entered.
"""

from .options import ReachOptions
from .survey import Reach, reach

__all__ = ["Reach", "ReachOptions", "reach"]
