"""Whatever the facts of an import are, no hygiene rule raises, and what it says is one printable line or nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from wsgicheck.active.doctor import import_rules, judge_import
from wsgicheck.model.finding import Site
from wsgicheck.model.imported import Act, Answered, Deed, Imported, Phase, Source, Trial

RULES = import_rules()
WORDS = st.sampled_from(["", "TZ", "HOME", "DJANGO_SETTINGS_MODULE", "stdout", "numpy", "a.b()", "x y", "🙂", "1:2:3"])
SITES = st.builds(Site, WORDS, st.integers(1, 99), WORDS)
ACTS = st.builds(Act, st.sampled_from(Deed), WORDS, SITES, st.sampled_from(Phase), WORDS, WORDS, WORDS)
ANSWERS = st.lists(st.builds(Answered, WORDS, st.sampled_from([0, 200, 404, 500]), WORDS, WORDS), max_size=3).map(tuple)
TEXTS = st.sampled_from([
    "", "def (", "\0", "class A:\n    def __del__(self): pass\n", "import sys\nsys.stdout, x = 1, 2\n",
    "import pickle\nclass A: pass\npickle.dumps(A())\npickle.dumps()\n(lambda: 1)(2)\n", "iter(1, '')\niter(*a)\n",
    "def f(environ, start_response):\n    try: pass\n    except (A.b, c()): start_response()\n"
    "    except: start_response()\n",
    "psycopg2.connect()\nx.y.connect()\nmonkey.patch_all()\nfrom . import a\nimport numpy.linalg\n",
    "f = " + "(" * 300,
])
IMPORTED = st.builds(
    Imported, file=WORDS, attribute=WORDS, usual=st.booleans(), asynchronous=st.booleans(),
    acts=st.lists(ACTS, max_size=6).map(tuple), sources=st.lists(st.builds(Source, WORDS, TEXTS, st.booleans()),
                                                                  max_size=3).map(tuple),
    modules=st.lists(WORDS, max_size=3).map(tuple), patched=WORDS, sockets=st.integers(0, 2),
    replaced=st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), WORDS), max_size=2).map(tuple),
    seconds=st.floats(0, 100), exited=WORDS, exited_at=st.none() | SITES, ended=WORDS, answers=ANSWERS,
    required=st.lists(WORDS, max_size=3).map(tuple),
    trials=st.lists(st.builds(Trial, st.sampled_from(["again", "directory", "home", "rival"]), WORDS, WORDS, WORDS,
                              ANSWERS, WORDS), max_size=4).map(tuple))


@settings(max_examples=300, deadline=None)
@given(IMPORTED)
def test_rules_take_any_facts(imported: Imported) -> None:
    judgement = judge_import(imported, RULES)
    assert not judgement.crashed
    for finding in judgement.findings:
        assert len(finding.evidence.splitlines()) == 1
        assert finding.count >= 1
    assert judge_import(imported, RULES).findings == judgement.findings
