"""One function explained: what each packer chose, why the price is what it is, as a page and as a picture.

``collect`` brings the facts together that ``facts``, ``offers`` and ``listing`` find.  ``drawing`` says what
is in a picture, ``layout`` where it stands.  ``svg``, ``tables``, ``words``, ``captions`` and ``document``
write: the facts know no HTML.
"""

from vecgnn.explain.collect import Study, cheapest, study
from vecgnn.explain.document import page
from vecgnn.explain.svg import picture

__all__ = ["Study", "cheapest", "page", "picture", "study"]
