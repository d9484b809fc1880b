"""Ways of pleasing the rubric by words alone, from the shipped frameworks: those that others named, and worse ones."""

from collections.abc import Callable, Mapping

import yaml

from tests.conftest import ROOT
from vivavoce.data.framework import Framework

Answers = dict[str, str]
MADE_OF = yaml.safe_load((ROOT / "tests" / "answers" / "ways.yaml").read_text(encoding="utf-8"))


def terms(framework: Framework, language: str, many: int) -> list[str]:
    """Different terms of the framework, the first ``many`` in its order."""
    found = [term for one in framework.competencies for term in one.terms[language]]  # type: ignore[index]
    return list(dict.fromkeys(found))[:many]


def each(framework: Framework, text: Callable[[int], str]) -> Answers:
    """An answer for each question, by its place."""
    return {question.id: text(i) for i, question in enumerate(framework.questions)}


def framed(framework: Framework, language: str, mould: str, *, asked: bool = False) -> Answers:
    """A mould filled with 24 terms between the frame's sentences, after the question where ``asked``."""
    before, after = MADE_OF["frame"][language]
    blank = "" if language == "zh" else " "

    def text(i: int) -> str:
        every = terms(framework, language, 72)
        some = (every[24 * i :] + every)[:24]
        question = framework.questions[i].text[language] if asked else ""  # type: ignore[index]
        return blank.join([question, before, *(mould.format(term) for term in some), after]).strip()

    return each(framework, text)


def joined(framework: Framework, language: str, stories: Mapping[str, str]) -> Answers:
    """All stories one after the other, given to every question."""
    return each(framework, lambda _: " ".join(stories.values()))


def salted(framework: Framework, language: str, weak: Mapping[str, str]) -> Answers:
    """A weak answer with a term after every fifth word, or every twelfth character."""
    found = {}
    for name, text in weak.items():
        words, step = (list(text), 12) if language == "zh" else (text.split(), 5)
        salt = iter(terms(framework, language, 100) * 4)
        pieces = [
            piece for i, word in enumerate(words, 1) for piece in ((word, next(salt)) if i % step == 0 else (word,))
        ]
        found[name] = ("" if language == "zh" else " ").join(pieces)
    return found


def broken_anchors(framework: Framework, language: str) -> Answers:
    """The best anchors with a filler after every seventh word, too short a run to be marked as recited."""
    found = {}
    for question in framework.questions:
        text = " ".join(framework.competency(name).anchors.high[language] for name in question.shows)  # type: ignore[index]
        words, step = (list(text), 10) if language == "zh" else (text.split(), 7)
        filler = "嗯，" if language == "zh" else "um"
        pieces = [one for i, word in enumerate(words, 1) for one in ([word, filler] if i % step == 0 else [word])]
        found[question.id] = ("" if language == "zh" else " ").join(pieces)
    return found


def named(
    framework: Framework, language: str, strong: Mapping[str, str], weak: Mapping[str, str]
) -> dict[str, Answers]:
    """The ways that were named before this rubric was made."""
    first = next(iter(strong.values()))
    if language == "zh":
        moulds = {
            "meaningless, broken by terms": framed(framework, "zh", "香蕉慢慢地走到紫色的窗户旁边{}，"),
            "question, mould": framed(framework, "zh", "然后我又{}了一遍，", asked=True),
            "never": framed(framework, "zh", "我这辈子从来没有人见过我{}。"),
            "ought": framed(framework, "zh", "人人都应该{}。"),
            "term and filler": framed(framework, "zh", "{}嗯那个，"),
        }
    else:
        moulds = {
            "question, mould": framed(framework, "en", "and then I {} it again,", asked=True),
            "meaningless, broken by terms": framed(
                framework, "en", "the banana {} the purple window slowly,", asked=True
            ),
            "term and filler": framed(framework, "en", "{} um you know."),
            "term-ish": framed(framework, "en", "{}-ish stuff and"),
            "never": framed(framework, "en", "nobody in my whole long life ever saw me {} it."),
            "ought": framed(framework, "en", "one ought to {} things."),
        }
    return moulds | {
        "three stories for each question": joined(framework, language, strong),
        "one story for all": each(framework, lambda _: first),
        "weak, salted with terms": salted(framework, language, weak),
        "anchors broken": broken_anchors(framework, language),
    }


def bare_deeds(framework: Framework, language: str) -> Answers:
    """Own deeds one after the other, each of another verb; nobody's case."""
    deeds = MADE_OF["deeds"][language].split()

    def text(i: int) -> str:
        some = deeds[i:] + deeds[:i]
        if language == "zh":
            return "".join(f"我{deed}他。" if k % 2 else f"我就{deed}那个。" for k, deed in enumerate(some))
        return " ".join(f"I {deed} him." if k % 2 else f"So I {deed} it." for k, deed in enumerate(some))

    return each(framework, text)


def meaningless_deeds(framework: Framework, language: str) -> Answers:
    """Grammatical first person, past, with a reason and somebody who answers; no sense."""
    deeds, things = MADE_OF["deeds"][language].split(), MADE_OF["things"][language].split()

    def text(i: int) -> str:
        lines = []
        for k in range(10):
            deed, one, other = deeds[(2 * k + i) % 20], things[(k + i) % 15], things[(3 * k + i + 4) % 15]
            if language == "zh":
                forms = (
                    f"我{deed}{one}，",
                    f"因为{other}怕{one}，我就{deed}它。",
                    f"我跟{one}说，{other}睡了。",
                    f"{one}他说好。",
                )
            else:
                forms = (
                    f"I {deed} the {one}, because a {other} was asleep.",
                    f"So I {deed} my {other} into the {one}.",
                    f"The {one} said yes and I {deed} a {other}.",
                    f"Since then the {other} {one}s.",
                )
            lines.append(forms[k % 4])
        return ("" if language == "zh" else " ").join(lines)

    return each(framework, text)


def worse(framework: Framework, language: str) -> dict[str, Answers]:
    """Ways made with sight of this rubric: what it cannot tell from an honest case."""
    return {
        "own deeds, no case": bare_deeds(framework, language),
        "first person without sense": meaningless_deeds(framework, language),
        "a holiday": each(framework, lambda i: MADE_OF["holiday"][language][i]),
        "an invented case": {framework.questions[0].id: MADE_OF["case"][language]},
        "somebody else's case": {framework.questions[0].id: MADE_OF["stories"][language]},
    }
