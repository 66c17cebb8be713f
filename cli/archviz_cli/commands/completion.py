"""``archviz completion``: what a shell reads to complete commands and options."""

from __future__ import annotations

from argparse import Namespace

from archviz_cli import arguments
from archviz_cli.arguments import word
from archviz_cli.commands import Command
from archviz_cli.console import Console
from archviz_cli.parsing import Parser
from archviz_cli.running import print_text

SHELLS = ("bash", "zsh", "fish", "powershell", "tcsh")
EXAMPLES = """to complete in every new shell, put this into its file:
  bash: ~/.bashrc                   eval "$(archviz completion bash)"
  zsh: ~/.zshrc                     eval "$(archviz completion zsh)"
  fish: ~/.config/fish/config.fish  archviz completion fish | source"""


def declare(parser: Parser) -> None:
    """Declares the arguments."""
    word(parser, "shell", names=SHELLS)
    arguments.saying(parser)


def run(given: Namespace, console: Console) -> int:
    """Prints the code."""
    from argcomplete.shell_integration import shellcode

    print_text(shellcode(["archviz"], shell=given.shell) + "\n")
    return 0


COMMAND = Command(
    "completion",
    "print what a shell reads to complete commands and options",
    declare,
    run,
    "SHELL",
    EXAMPLES,
)
