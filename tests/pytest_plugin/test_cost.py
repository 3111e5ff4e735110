"""A pytest run that does not use the plugin does not pay for it."""

from __future__ import annotations

import subprocess
import sys

from suite_in_folder import CLEAN, Suite


def test_a_run_without_us_loads_nothing_of_ours(suite: Suite) -> None:
    suite.write(test_own="import sys\n\ndef test_it():\n"
                         "    ours = [name for name in sys.modules if name.partition('.')[0] == 'wsgicheck']\n"
                         "    assert '_wsgicheck_pytest' in sys.modules and not ours, ours\n")
    assert suite.pytest().counts == {"passed": 1}


def test_the_plugin_can_be_switched_off(suite: Suite) -> None:
    suite.write(test_own="import sys\n\ndef test_it():\n    assert '_wsgicheck_pytest' not in sys.modules\n")
    assert suite.pytest("-p", "no:wsgicheck").counts == {"passed": 1}


def test_importing_the_package_loads_nothing_else() -> None:
    code = ("import sys; import wsgicheck; ours = [n for n in sys.modules if n.startswith('wsgicheck.')]; "
            "assert not ours, ours; assert 'hypothesis' not in sys.modules and 'click' not in sys.modules; "
            "wsgicheck.validator; assert 'hypothesis' not in sys.modules; "
            "assert sorted(wsgicheck.__all__) == wsgicheck.__all__; "
            "[getattr(wsgicheck, n) for n in wsgicheck.__all__]; "
            "import wsgicheck.validator, wsgicheck.develop; assert wsgicheck.develop.__name__ == 'develop'; "
            "assert wsgicheck.validator.__name__ == 'validator'; wsgicheck.nonsense")
    done = subprocess.run([sys.executable, "-c", code], env=CLEAN, capture_output=True, text=True, timeout=60)
    assert done.stderr.strip().splitlines()[-1] == "AttributeError: module 'wsgicheck' has no attribute 'nonsense'"
