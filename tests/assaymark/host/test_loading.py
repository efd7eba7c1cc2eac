"""Plugins of every kind of brokenness, installed for real: each is listed with a reason, and harms nobody."""

from __future__ import annotations

import json
import re

import pytest

FINE = """
from assaymark.host.hooks import hookimpl
from assaymark.host.specs import Capabilities, GeneratorSpec
from assaymark.tables.schema import Kind

@hookimpl
def assaymark_generators():
    yield GeneratorSpec(
        "{name}", "adds noise", "acme_model:Noise", "acme_model:NoiseConfig", Capabilities(frozenset({{Kind.FLOAT}}))
    )
"""
HOOK = "from assaymark.host.hooks import hookimpl\nfrom assaymark.host.specs import *\n@hookimpl\ndef {hook}():\n    {body}\n"
CHECK = 'CheckSpec("{name}", "a check", "acme:check", Family.BIAS, ({ids}))'

BROKEN = {
    "raises": ("raise RuntimeError('no\\n  luck')", r"RuntimeError: no luck"),
    "exits": ("import sys\nsys.exit(7)", r"SystemExit: it tried to end the program with 7"),
    "lacks": ("import a_module_that_is_not_there", r"ModuleNotFoundError: No module named 'a_module_that_is_not_there'"),
    "syntax": ("def (", r"SyntaxError: .*"),
    "base": ("class Odd(BaseException): pass\nraise Odd('x')", r"Odd: x"),
    "none": (HOOK.format(hook="assaymark_generators", body="return None"), r".* returned NoneType, not an iterable .*"),
    "number": (HOOK.format(hook="assaymark_generators", body="return 5"), r".* returned int, not an iterable .*"),
    "text": (HOOK.format(hook="assaymark_generators", body="return 'copula'"), r".* returned str, not an iterable .*"),
    "items": (HOOK.format(hook="assaymark_generators", body="return [1]"), r".* an item of type int, not GeneratorSpec"),
    "endless": (
        HOOK.format(hook="assaymark_generators", body="import itertools; return itertools.repeat(1)"),
        r".* more than 200 .*",
    ),
    "kind": (
        HOOK.format(hook="assaymark_generators", body="return [SignerSpec('s', 'a signer', 'm:f')]"),
        r".* an item of type SignerSpec, not GeneratorSpec",
    ),
    "hook-raises": (
        HOOK.format(hook="assaymark_checks", body="raise ValueError('bad')"),
        r"assaymark_checks raised ValueError: bad",
    ),
    "misspelt": (
        HOOK.format(hook="assaymark_generator", body="return []"),
        r"there is no hook assaymark_generator; did you mean assaymark_generators\?",
    ),
    "argument": (
        "from assaymark.host.hooks import hookimpl\n@hookimpl\ndef assaymark_checks(wrong): return []",
        r"PluginValidationError: .*wrong.*",
    ),
    "unmarked": ("def assaymark_checks():\n    return []", r"assaymark_checks is not marked with @hookimpl"),
    "wrapper": (
        "from assaymark.host.hooks import hookimpl\n@hookimpl(wrapper=True)\ndef assaymark_checks():\n    return (yield)",
        r"assaymark_checks is a wrapper, which plugins may not be",
    ),
    "bad-name": (FINE.format(name="Acme Noise"), r"'Acme Noise' is not a valid name .*"),
    "bad-id": (
        HOOK.format(hook="assaymark_checks", body="return [" + CHECK.format(name="c", ids="'privacy.leak',") + "]"),
        r"c: the id privacy.leak does not begin with its family bias",
    ),
    "id-clash": (
        HOOK.format(hook="assaymark_checks", body="return [" + CHECK.format(name="c", ids="'bias.impact_ratio',") + "]"),
        r"the finding bias.impact_ratio is taken by the plugin checks of assaymark .*",
    ),
    "own-clash": (
        HOOK.format(
            hook="assaymark_checks",
            body="return [" + CHECK.format(name="c", ids="'bias.x',") + "," + CHECK.format(name="d", ids="'bias.x',") + "]",
        ),
        r"it declares the finding bias.x twice",
    ),
    "dotted": (
        HOOK.format(hook="assaymark_signers", body="return [SignerSpec('s', 'x', 'no colon')]"),
        r"s: factory .* dotted name .*",
    ),
    "release-file": (
        HOOK.format(
            hook="assaymark_renderers",
            body="return [RendererSpec('r', 'x', 'm:f', 'Audit.JSON', 'application/json', in_release=True)]",
        ),
        r"r: a release keeps the file name Audit.JSON for itself",
    ),
    "path": (
        HOOK.format(hook="assaymark_renderers", body="return [RendererSpec('r', 'x', 'm:f', '../r.html', 'text/html')]"),
        r"r: '../r.html' is not a plain file name",
    ),
}

STATES = {
    "raises": "import-failed",
    "exits": "import-failed",
    "lacks": "import-failed",
    "syntax": "import-failed",
    "base": "import-failed",
    "hook-raises": "hook-raised",
    "misspelt": "unknown-hook",
    "id-clash": "duplicate",
    "own-clash": "duplicate",
}  # of the others: bad-hook


def test_every_broken_plugin_is_listed_and_the_fine_one_works(install, listing):
    install("acme-noise", "acme_plugin", FINE.format(name="noise"))
    for name, (source, _) in BROKEN.items():
        install(f"broken-{name}", f"broken_{name.replace('-', '_')}", source)
    found = listing()
    assert found["plugins"]["acme-noise:acme-noise"] == ["loaded", None, "1.2.3"]
    assert "noise" in found["generators"]
    assert found["plugins"]["assaymark:checks"][0] == "loaded"
    assert "bias" in found["checks"]
    for name, (_, reason) in BROKEN.items():
        state, told, version = found["plugins"][f"broken-{name}:broken-{name}"]
        assert (state, version) == (STATES.get(name, "bad-hook"), "1.2.3")
        assert re.fullmatch(reason, told), (name, told)
    assert "\n" not in "".join(told for _, told, _ in found["plugins"].values() if told)


def test_listing_imports_nothing_heavy(install, ask):
    install("acme-noise", "acme_plugin", FINE.format(name="noise"))
    answer = ask(
        """
        import json, sys, time
        from assaymark.host.registry import load_registry
        start = time.perf_counter(); registry = load_registry(); seconds = time.perf_counter() - start
        heavy = {"numpy", "pandas", "torch", "pyarrow", "pydantic", "sklearn", "scipy"} & set(sys.modules)
        print(json.dumps([seconds, sorted(heavy), sorted(registry.checks)]))
        """
    )
    seconds, heavy, checks = json.loads(answer.stdout)
    assert heavy == []
    assert "privacy" in checks
    print(f"{seconds:.3f} s to load the registry")


def test_the_first_of_two_plugins_of_one_name_stays(install, listing):
    install("acme-one", "acme_one", FINE.format(name="noise"), entry="noise")
    install("acme-two", "acme_two", FINE.format(name="other"), entry="noise")
    install("acme-zed", "acme_zed", FINE.format(name="noise"))
    install("acme-squatter", "acme_squatter", FINE.format(name="mine"), entry="checks")
    found = listing()
    assert found["plugins"]["acme-one:noise"][0] == "loaded"
    assert found["plugins"]["acme-two:noise"][:2] == ["duplicate", "the plugin name noise is taken by acme-one 1.2.3"]
    told = "the generator noise is taken by the plugin noise of acme-one 1.2.3"
    assert found["plugins"]["acme-zed:acme-zed"][:2] == ["duplicate", told]
    assert found["plugins"]["acme-squatter:checks"][0] == "duplicate"
    assert "bias" in found["checks"]
    assert {"other", "mine"}.isdisjoint(found["generators"])


def test_another_edition_is_listed_unless_the_plugin_has_both(install, listing):
    install("acme-new", "acme_new", "raise RuntimeError", group="assaymark.plugins.v2")
    both = "[assaymark.plugins.v1]\nboth = acme_both\n[assaymark.plugins.v2]\nboth = acme_both_new\n"
    install("acme-both", "acme_both", FINE.format(name="both"), points=both)
    found = listing()["plugins"]
    assert found["acme-new:acme-new"][0] == "other-edition"
    assert "edition v2" in found["acme-new:acme-new"][1]
    assert found["acme-both:both"][0] == "loaded"


@pytest.mark.parametrize(
    ("points", "state"),
    [
        ("[assaymark.plugins.v1]\nnonsense without a sign\n", "import-failed"),
        ("[assaymark.plugins.v1]\nx = no such module!\n", "import-failed"),
    ],
)
def test_damaged_metadata_is_listed(install, listing, points, state):
    install("acme-noise", "acme_plugin", FINE.format(name="noise"))
    install("damaged", "damaged", None, points=points)
    found = listing()["plugins"]
    assert [entry[0] for name, entry in found.items() if "damaged" in name] == [state]
    assert found["acme-noise:acme-noise"][0] == "loaded"
    assert found["assaymark:checks"][0] == "loaded"


def test_environment_allows_and_blocks(install, listing):
    install("acme-noise", "acme_plugin", FINE.format(name="noise"))
    only = listing(ASSAYMARK_PLUGINS="checks, typo")
    assert only["plugins"]["acme-noise:acme-noise"][:2] == ["blocked", "not named in --plugins or ASSAYMARK_PLUGINS"]
    assert only["plugins"]["assaymark:checks"][0] == "loaded"
    assert only["plugins"]["None:typo"][0] == "missing"
    assert listing(ASSAYMARK_PLUGINS="")["checks"] == []
    blocked = listing(ASSAYMARK_BLOCK_PLUGINS="acme-noise")
    assert blocked["plugins"]["acme-noise:acme-noise"][:2] == [
        "blocked",
        "blocked by --block-plugins or ASSAYMARK_BLOCK_PLUGINS",
    ]
    assert "bias" in blocked["checks"]


def test_a_blocked_plugin_is_not_imported(install, listing, tmp_path):
    install("acme-noise", "acme_plugin", "import pathlib\npathlib.Path('imported').touch()\n")
    listing(ASSAYMARK_BLOCK_PLUGINS="acme-noise")
    assert not (tmp_path / "imported").exists()
    listing()
    assert (tmp_path / "imported").exists()


def test_what_a_plugin_prints_stays_off_standard_output(install, ask):
    install("acme-loud", "acme_loud", "print('hello')\n")
    answer = ask("from assaymark.host.registry import load_registry; load_registry(); print('{}')")
    assert answer.stdout == "{}\n"
    assert "hello" in answer.stderr


def test_an_interrupt_while_loading_gets_through(install, ask):
    install("acme-slow", "acme_slow", "raise KeyboardInterrupt")
    answer = ask(
        """
        from assaymark.host.registry import load_registry
        try:
            load_registry()
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    assert answer.stdout == "interrupted\n"


def test_a_distribution_twice_on_the_path_counts_once(install, ask, tmp_path):
    install("acme-noise", "acme_plugin", FINE.format(name="noise"))
    other = tmp_path / "other"
    (tmp_path / "site").rename(other)
    install("acme-noise", "acme_plugin", FINE.format(name="noise"), version="2.0")
    answer = ask(
        f"""
        import sys; sys.path.append({str(other)!r})
        from assaymark.host.registry import load_registry
        print([(p.state.value, p.version) for p in load_registry().plugins if p.distribution == "acme-noise"])
        """
    )
    assert answer.stdout == "[('loaded', '2.0')]\n"


TRY = """
from assaymark.errors import AssaymarkError
from assaymark.host.registry import load_registry
try:
    load_registry()
    print("loaded")
except AssaymarkError as error:
    print(error.code, error)
"""


def test_strict_mode_demands_that_all_are_loaded_but_those_that_the_user_blocked(install, ask):
    install("acme-noise", "acme_plugin", FINE.format(name="noise"))
    assert ask(TRY, ASSAYMARK_STRICT_PLUGINS="1").stdout == "loaded\n"
    install("acme-bad", "acme_bad", "raise RuntimeError('no luck')")
    assert ask(TRY).stdout == "loaded\n"
    told = ask(TRY, ASSAYMARK_STRICT_PLUGINS="1").stdout
    assert told.startswith("AM403 acme-bad of acme-bad 1.2.3: ")
    assert "import-failed: RuntimeError: no luck" in told
    assert ask(TRY, ASSAYMARK_STRICT_PLUGINS="1", ASSAYMARK_BLOCK_PLUGINS="acme-bad").stdout == "loaded\n"
    assert ask(TRY, ASSAYMARK_STRICT_PLUGINS="1", ASSAYMARK_PLUGINS="checks,typo").stdout.startswith(
        "AM403 typo of no installed"
    )
    assert ask(TRY, ASSAYMARK_STRICT_PLUGINS="perhaps").stdout.startswith("AM101")


def test_every_call_of_a_hook_is_told_when_asked_for(install, ask):
    install("acme-noise", "acme_plugin", FINE.format(name="noise"))
    install("acme-bad", "acme_bad", HOOK.format(hook="assaymark_checks", body="raise ValueError('bad')"))
    code = "from assaymark.host.registry import load_registry; load_registry().doctor()"
    quiet, loud = ask(code), ask(code, ASSAYMARK_TRACE_HOOKS="1")
    assert (quiet.stdout, quiet.stderr, loud.stdout) == ("", "", "")
    lines = [re.sub(r"\d+\.\d ms", "TIME", line) for line in loud.stderr.splitlines()]
    assert "assaymark: assaymark_generators of acme-noise (acme-noise 1.2.3) returned 1 item in TIME" in lines
    told = "raised Refused: assaymark_checks raised ValueError: bad"
    assert f"assaymark: assaymark_checks of acme-bad (acme-bad 1.2.3) {told} in TIME" in lines
