"""The report for a person at a terminal, or for the file that a terminal was piped into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..model.finding import Finding
from ..model.rule import ADVICE, MUST, SHOULD, Card, Level
from ..model.run import Run, RunVerdict
from .block import LEVEL_STYLES, Blocks
from .options import Options
from .paint import ASCII, UNICODE, Line, paint, wrap
from .safe import line as safe
from .view import FamilyView, RunView, plural, reach_words, same_again

__all__ = ["render"]

_SHORT_LIST = 12
_FEW = 4


def render(run: Run, cards: Mapping[str, Card], options: Options) -> str:
    """Return the whole report: what was checked, each finding in a block, and what the run amounts to."""
    return paint(_Text(run, cards, options).lines(), color=options.color, ascii=options.ascii)


class _Text:
    """One rendering of one run."""

    def __init__(self, run: Run, cards: Mapping[str, Card], options: Options) -> None:
        self.run = run
        self.options = options
        self.view = RunView(run, options.fail_on)
        self.glyphs = ASCII if options.ascii else UNICODE
        self.blocks = Blocks(self.view, cards, options, self.glyphs)

    def lines(self) -> Iterator[Line]:
        if self.options.quiet:
            yield from self._brief()
        else:
            yield from self._head()
            yield from self._families()
            if self.options.statistics:
                yield from self._statistics()
            else:
                for number, finding in enumerate(self.view.findings, 1):
                    yield ()
                    yield from self.blocks.block(number, finding)
            yield from self._accepted()
            if self.options.show_passed:
                yield from self._passed()
            yield ()
            yield from self._unexercised()
        yield from self._verdict()

    # -- the top -----------------------------------------------------------------------------------------

    def _head(self) -> Iterator[Line]:
        run, dot = self.run, f" {self.glyphs.dot} "
        parts = ["wsgicheck " + safe(run.version) if run.version else "wsgicheck",
                 safe(run.subject.target, 300), *(safe(d, 200) for d in run.subject.details),
                 f"seed {run.seed}"]
        yield from self._joined(parts, dot)
        reach = run.reach
        if run.layers:
            stack = f" {self.glyphs.arrow} ".join(safe(layer, 100) for layer in run.layers)
            yield from self._labelled("layers", f"{stack}   ({len(run.layers)} found, each watched)")
        if reach:
            unreached = [safe(r, 120) for r in _texts(reach, "unreached")]
            yield from self._labelled("reach", reach_words(run) or "no routes are known")
            if unreached:
                shown = unreached if self.options.verbose else unreached[:_FEW]
                rest = f" and {len(unreached) - len(shown)} more (-v)" if len(shown) < len(unreached) else ""
                yield from self._labelled("missed", ", ".join(shown) + rest)
        if self.options.verbose and run.statuses:
            said = [f"{code} {count:,}x" for code, count in sorted(run.statuses.items())]
            yield from self._labelled("answers", ", ".join(said))
        for note in run.notes:
            if not run.layers or not note.startswith("layers, "):  # which has a line of its own above
                yield from self._labelled("note", safe(note))
        yield ()

    def _joined(self, parts: list[str], dot: str) -> Iterator[Line]:
        """Yield the parts on as many lines as they need, never broken inside one that fits."""
        current = ""
        for part in parts:
            if current and len(current) + len(dot) + len(part) > self.options.width:
                yield (("bold", current),)
                current = f"  {part}"
            else:
                current = f"{current}{dot}{part}" if current else part
        yield (("bold", current),)

    def _labelled(self, label: str, text: str) -> Iterator[Line]:
        for index, part in enumerate(wrap(text, self.options.width - 8)):
            yield (("dim bold", f"{label if not index else '':<8}"), ("", part))

    # -- the families ------------------------------------------------------------------------------------

    def _families(self) -> Iterator[Line]:
        families = list(self.view.families())
        folded: dict[RunVerdict, list[FamilyView]] = {RunVerdict.HOLDS: [], RunVerdict.UNEXERCISED: []}
        if len(families) > _SHORT_LIST and not self.options.verbose:
            for verdict, group in folded.items():
                group += [f for f in families if f.count(verdict) == len(f.results)]
                families = [f for f in families if f not in group]
        wide = max((len(f.name) for f in families), default=0)
        judged = max((len(plural(f.judged, "judgement")) for f in families), default=0)
        for family in families:
            yield self._family(family, wide, judged)
        if folded[RunVerdict.HOLDS]:
            yield from self._folded("green", self.glyphs.good, "ok", folded[RunVerdict.HOLDS])
        if folded[RunVerdict.UNEXERCISED]:
            yield from self._folded("dim", self.glyphs.none, "not exercised", folded[RunVerdict.UNEXERCISED])

    def _folded(self, style: str, glyph: str, word: str, families: list[FamilyView]) -> Iterator[Line]:
        """Yield the families of which there is no more to say than `word`."""
        size = plural(sum(len(f.results) for f in families), "rule")
        judged = sum(f.judged for f in families)
        if judged:
            size += f", {plural(judged, 'judgement')}"
        label = f"  {glyph} {word}  "
        told = f"{size}: {', '.join(safe(f.name) for f in families)}"
        for index, part in enumerate(wrap(told, self.options.width - len(label))):
            yield ((style, label if not index else " " * len(label)), ("dim", part))

    def _family(self, family: FamilyView, wide: int, most_judged: int) -> Line:
        style, glyph = self._mark(family)
        counts = {verdict: family.count(verdict) for verdict in RunVerdict}
        said = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in
                         (RunVerdict.BROKEN, RunVerdict.KNOWN, RunVerdict.CRASHED) if counts[verdict])
        unheard = ""
        if counts[RunVerdict.UNEXERCISED] == len(family.results):
            unheard = "not exercised"
        elif counts[RunVerdict.UNEXERCISED]:
            unheard = f"{counts[RunVerdict.UNEXERCISED]} not exercised"
        size = f"  {plural(len(family.results), 'rule'):>8}"
        judged = f"  {plural(family.judged, 'judgement'):>{most_judged}}"
        verdict = said or ("" if unheard else "ok")
        unheard = f", {unheard}" if verdict and unheard else unheard
        if 6 + wide + len(size) + len(judged) + len(verdict) + len(unheard) <= self.options.width:
            size += judged
        return ((style, f"  {glyph} "), ("", f"{safe(family.name):<{wide}}"), ("dim", size), (style, f"  {verdict}"),
                ("dim", unheard))

    def _mark(self, family: FamilyView) -> tuple[str, str]:
        if family.count(RunVerdict.CRASHED):
            return "bold magenta", self.glyphs.bad
        worst = family.worst()
        if worst is not None:
            return LEVEL_STYLES[worst], self.glyphs.bad if worst is MUST else self.glyphs.warn
        if family.count(RunVerdict.UNEXERCISED) == len(family.results):
            return "dim", self.glyphs.none
        return "green", self.glyphs.good

    def _statistics(self) -> Iterator[Line]:
        """Yield a line for each broken rule, the most frequent first."""
        sums: dict[str, tuple[Level, int]] = {}
        for finding in self.view.findings:
            sums[finding.name] = (finding.level, sums.get(finding.name, (finding.level, 0))[1] + finding.count)
        wide = max((len(f"{count:,}") for _, count in sums.values()), default=0)
        yield ()
        for name, (level, count) in sorted(sums.items(), key=lambda item: (-item[1][1], item[0])):
            yield (("", f"  {count:>{wide},}x  "), (LEVEL_STYLES[level], f"{level.value.upper():<6}"),
                   ("", f"  {name}"))

    def _passed(self) -> Iterator[Line]:
        """Yield the rules that hold, each with how often it was judged."""
        passed = self.view.with_verdict(RunVerdict.HOLDS)
        yield ()
        yield (("dim bold", f"{plural(len(passed), 'rule')} {'holds' if len(passed) == 1 else 'hold'}:"),)
        told = ", ".join(f"{r.family}/{r.id} ({r.exchanges:,})" for r in passed)
        for part in wrap(told, self.options.width - 2):
            yield (("green", "  " + part),)

    # -- the bottom --------------------------------------------------------------------------------------

    def _brief(self) -> Iterator[Line]:
        for finding in self.view.findings:
            site = finding.site
            where = f"{safe(site.file, 400)}:{site.line}: " if site else ""
            yield ((LEVEL_STYLES[finding.level], f"{finding.level.value.upper()} {finding.name} "),
                   ("", f"[{safe(finding.culprit, 80)}] {where}{safe(finding.evidence, 400)} "),
                   ("dim", f"({self.view.id(finding)})"))

    def _accepted(self) -> Iterator[Line]:
        accepted = self.view.accepted
        if not accepted:
            return
        yield ()
        if not self.options.verbose:
            yield (("dim", f"{plural(len(accepted), 'finding')} accepted in the baseline (-v shows them)"),)
            return
        for number, finding in enumerate(accepted, 1 + len(self.view.findings)):
            yield from self.blocks.block(number, finding, known=True)

    def _unexercised(self) -> Iterator[Line]:
        names = [f"{r.family}/{r.id}" for r in self.view.with_verdict(RunVerdict.UNEXERCISED)]
        if names:
            count = f"{plural(len(names), 'rule')} not exercised, so not passed"
            if len(names) > _SHORT_LIST and not self.options.verbose:
                yield (("dim bold", count), ("dim", " (-v names them)"))
            else:
                yield (("dim bold", count + ":"),)
                for part in wrap(", ".join(names), self.options.width - 2):
                    yield (("dim", "  " + part),)
        crashed = self.view.with_verdict(RunVerdict.CRASHED)
        if crashed:
            yield (("bold magenta", f"{plural(len(crashed), 'check')} crashed, which is a bug of wsgicheck "
                                    "and no verdict on the subject:"),)
            for part in wrap(", ".join(f"{r.family}/{r.id}" for r in crashed), self.options.width - 2):
                yield (("", "  " + part),)

    def _verdict(self) -> Iterator[Line]:
        run, view = self.run, self.view
        counts = view.counts()
        if run.nothing_checked:
            for part in wrap(f"Nothing was really checked: {safe(run.nothing_checked)}", self.options.width):
                yield (("bold magenta", part),)
        found = ", ".join(_counted(level, counts[level]) for level in (MUST, SHOULD, ADVICE) if counts[level])
        style = {"pass": "green", "fail": "bold red"}.get(view.outcome, "bold magenta")
        tail = f" in {run.seconds:.1f} s, {plural(run.exchanges, 'exchange')}"
        if view.accepted:
            tail += f", {len(view.accepted)} known"
        yield ((style, f"{view.outcome.upper()}: {found or 'no findings'}"), ("", tail))
        if view.findings and not self.options.quiet:
            yield (("dim", "More:   "), ("bold", f"wsgicheck explain {view.findings[0].rule}"))
            yield (("dim", "Again:  "), ("bold", safe(same_again(run, self.options.arguments), 1000)))


def _counted(level: Level, count: int) -> str:
    one = {MUST: "violation", SHOULD: "SHOULD not followed", ADVICE: "advice"}[level]
    many = {MUST: "violations", SHOULD: "SHOULDs not followed", ADVICE: "pieces of advice"}[level]
    return plural(count, one, many)


def _texts(reach: Mapping[str, object], key: str) -> list[str]:
    value = reach.get(key, ())
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else []


def finding_lines(finding: Finding, view: RunView, cards: Mapping[str, Card], options: Options) -> str:
    """Return one finding's block as text, as `render` shows it."""
    glyphs = ASCII if options.ascii else UNICODE
    block = Blocks(view, cards, options, glyphs).block(1, finding)
    return paint(block, color=options.color, ascii=options.ascii)
