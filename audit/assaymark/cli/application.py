"""The root command: finds subcommands lazily, reads ``assaymark.toml``, and turns errors into messages and exit codes."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from assaymark import __version__
from assaymark.cli.configuration import read_defaults
from assaymark.cli.failures import guarded
from assaymark.host.switches import ALLOW, BLOCK, LOCK_FILE, STRICT, TRACE, Switches, names, switched

COMMANDS = {
    "demo": "The whole way on real clinical data that ships with scikit-learn.",
    "run": "Split, fit, sample, audit, report and stamp.",
    "audit": "Audit a synthetic table that exists already.",
    "generate": "Fit a generator and sample it, without an audit.",
    "sample": "Sample a saved model.",
    "stamp": "Sign files: a C2PA sidecar beside each.",
    "log": "Look up, prove and check stamps in the transparency log.",
    "verify": "Verify a release or a stamped file, and recompute its numbers.",
    "disclose": "Prove that a file is the source that a release committed to.",
    "approve": "Add a signed approval, or a waiver of gates, to a release.",
    "redact": "Make a copy of a release without some of its files or fields.",
    "report": "Render an audit.json in another format.",
    "policy": "Commit to a policy before the data are looked at.",
    "plugins": "List and show plugins.",
    "keys": "Make and show the development keys.",
}


class LazyGroup(click.Group):
    """A group whose commands live in a module each, imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        """Return the names of all commands, in the order of the main job."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click passes it
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"assaymark.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="assaymark")
@click.option(
    "--config", type=click.Path(dir_okay=False), help="Options by command, as TOML; assaymark.toml is read by itself."
)
@click.option("--plugins", metavar="NAMES", help=f"Load only these entry points, separated by commas; {ALLOW} says the same.")
@click.option("--block-plugins", metavar="NAMES", help=f"Do not load these entry points; {BLOCK} says the same.")
@click.option(
    "--strict-plugins", is_flag=True, help=f"A plugin that is not loaded stops the command; {STRICT}=1 says the same."
)
@click.option(
    "--plugins-lock",
    type=click.Path(),
    metavar="FILE",
    help=f"Refuse plugins that are not as FILE pins them; {LOCK_FILE} is read by itself.",
)
@click.option("--trace-hooks", is_flag=True, help=f"Tell every call of a hook on standard error; {TRACE}=1 says the same.")
@click.option("--traceback", is_flag=True, help="Show where an unexpected error arose.")
@click.pass_context
def cli(ctx: click.Context, /, config: str | None, traceback: bool, **plugins: Any) -> None:  # noqa: FBT001 - click passes flags so
    """Audit synthetic tables for bias, fidelity, utility and privacy, and stamp them with signed provenance.

    Exit codes: 0 pass, 1 a gate failed, 2 usage or error, 3 inconclusive, 130 interrupted.
    """
    del traceback  # read from the command line itself, so that it counts for errors before this point as well
    ctx.default_map = read_defaults(config, COMMANDS)
    ctx.with_resource(switched(_switches(**plugins)))


def _switches(
    *, plugins: str | None, block_plugins: str | None, strict_plugins: bool, plugins_lock: str | None, trace_hooks: bool
) -> Switches:
    """Return what the options say of plugins, and the environment where they are silent."""
    stated = Switches.from_environment()
    return replace(
        stated,
        allow=stated.allow if plugins is None else names(plugins),
        block=stated.block if block_plugins is None else names(block_plugins),
        strict=stated.strict or strict_plugins,
        trace=stated.trace or trace_hooks,
        lock=stated.lock if plugins_lock is None else Path(plugins_lock),
    )


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    given = sys.argv[1:] if arguments is None else arguments

    def call() -> Any:
        return cli.main(args=given, prog_name="assaymark", standalone_mode=False)

    sys.exit(guarded(call, as_json="--json" in given, traceback="--traceback" in given))
