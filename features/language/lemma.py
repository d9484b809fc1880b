"""A light English lemmatiser: inflection off, derivation kept (*testing*, *tests*, *tested* → *test*; *tester* stays).

A few suffix rules and a list of irregular forms, in the spirit of Harman's S-stemmer (Harman 1991, *How effective is
suffixing?*, JASIS 42). Lemmas are only ever compared with lemmas, so they need not be words: a silent *e* is dropped
from all (*analyse* → *analys*), and American and British spellings meet (*-yze*/*-yse*, *-ize*/*-ise*, *-or*/*-our*).
"""

import re
from functools import cache

_IRREGULAR = """
be am is are was were been being; bring brought; build built; buy bought; catch caught; choose chose chosen; come
came; do did done does; draw drew drawn; drive drove driven; fall fell fallen; feel felt; fight fought; find found;
get got gotten; give gave given; go went gone goes; grow grew grown; have has had having; hear heard; hold held;
keep kept; know knew known; lead led; leave left; lose lost; make made; mean meant; meet met; pay paid; person
people; child children; man men; run ran running; say said; see saw seen; sell sold; send sent; set setting; show
shown; sit sat; speak spoke spoken; spend spent; stand stood; take took taken; teach taught; tell told; think
thought; understand understood; win won; write wrote written; rewrite rewrote rewritten; criterion criteria;
analysis analyses; hypothesis hypotheses; use used using uses; agree agreed agreeing; bus buses; lens lenses;
process processes processed processing; focus focuses focused focusing
"""
_LEMMA = {
    form: forms[0] for line in _IRREGULAR.replace("\n", " ").split(";") if (forms := line.split()) for form in forms
}
_VOWEL = re.compile(r"[aeiouy]")


@cache
def lemma(word: str) -> str:
    """The word without its inflection; ``word`` is in lower case.

    Examples
    --------
    >>> [lemma(word) for word in ("tested", "testing", "tests", "planned", "organize", "organising", "led", "analysis")]
    ['test', 'test', 'test', 'plan', 'organis', 'organis', 'lead', 'analysis']
    """
    if not word.isascii() or len(word) < 4 or not word.isalpha():
        return _LEMMA.get(word, word)
    if word in _LEMMA:
        return _spelling(_LEMMA[word])
    return _spelling(_stem(word))


def _stem(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if word.endswith("ied") and len(word) > 4:
        return word[:-3] + "y"
    for suffix in ("ing", "ed"):
        base = word.removesuffix(suffix)
        if base != word and len(base) > 2 and _VOWEL.search(base) and not base.endswith("e"):
            return _undouble(base)
    return word


def _undouble(base: str) -> str:
    """*plann* → *plan*, while *install*, *press* and *add* keep their two letters."""
    return base[:-1] if base[-1] == base[-2] and base[-1] not in "lsz" and len(base) > 3 else base


def _spelling(base: str) -> str:
    if len(base) > 5 and base.endswith("our"):
        base = base[:-3] + "or"
    base = base.removesuffix("e") if len(base) > 3 else base
    return re.sub(r"(?<=[iy])z$", "s", base)
