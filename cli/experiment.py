"""Try another free boundary on some members, without a deployment.

    gatehouse experiment set more_free --variant control:50 --variant more:50:projects=5,archive=on --case TICKET-7
    gatehouse experiment set more_free … --plan free --from 2026-12-01 --until 2027-01-01
    gatehouse experiment end more_free --case TICKET-8
    gatehouse experiment list

Each variant is NAME:WEIGHT[:KEY=VALUE,…]: what is then had for nothing, instead of what the default plan gives; what
was bought is never touched. Who is in which variant stays so: raising a weight moves members into that variant alone.
It is so in every process within two seconds, shows in `explainAccess`, and beside each limit that members hit.
"""

import argparse
import asyncio
import os

from billing.by_hand import WordedVariant, experiment_of
from billing.catalogue import load_catalogue
from cli.acting import act_of, add_act_arguments, instant_of
from cli.parts import complete_settings, service_database
from cli.progress import Progress
from clock import SystemClock
from errors import BadInput
from gating.experiment_book import end_experiment, list_experiments, record_experiment
from gating.experiments import Experiment, Variant
from settings import Settings, load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="set|end|list")
    setting, ending = actions.add_parser("set"), actions.add_parser("end")
    actions.add_parser("list")
    for action in (setting, ending):
        action.add_argument("key", help="the key of the experiment")
        add_act_arguments(action)
    setting.add_argument("--variant", action="append", required=True, metavar="NAME:WEIGHT[:KEY=VALUE,…]")
    setting.add_argument("--plan", action="append", default=[], help="whose members take part; all when not given")
    setting.add_argument("--from", dest="since", help="when it begins, as 2026-12-31 or with a time and zone")
    setting.add_argument("--until", help="when it ends; it stands until it is ended when not given")


def main(arguments: argparse.Namespace) -> int:
    settings, progress = load_settings(os.environ), Progress()
    experiment = None
    if arguments.action == "set":
        variants = [variant_of(text) for text in arguments.variant]
        dates = instant_of("--from", arguments.since), instant_of("--until", arguments.until)
        catalogue = load_catalogue(settings.catalog)
        experiment = experiment_of(catalogue, arguments.key, variants, arguments.plan, *dates)
    with complete_settings(settings, progress) as complete:
        print(asyncio.run(_act(complete, arguments, experiment)))
    return 0


def variant_of(text: str) -> WordedVariant:
    """Raises BadInput."""
    name, _, rest = text.partition(":")
    weight, _, changes = rest.partition(":")
    pairs = [change.partition("=") for change in changes.split(",") if change]
    if not weight.isdecimal() or not all(key and word for key, _, word in pairs):
        raise BadInput(f"--variant: `{text}` cannot be read: write it like `more:50:projects=5,archive=on`.")
    return WordedVariant(name, int(weight[:20]), tuple((key, word) for key, _, word in pairs))


async def _act(settings: Settings, arguments: argparse.Namespace, experiment: Experiment | None) -> str:
    now = SystemClock().now()
    async with service_database(settings) as database:
        if arguments.action == "list":
            return "\n".join(_line(each) for each in await list_experiments(database)) or "There is none."
        async with database.transaction() as connection:
            if experiment is not None:
                await record_experiment(connection, experiment, act=act_of(arguments), now=now)
                return f"{arguments.key} is set."
            await end_experiment(connection, arguments.key, act=act_of(arguments), now=now)
    return f"{arguments.key} is over."


def _line(experiment: Experiment) -> str:
    variants = " ".join(_worded(each) for each in experiment.variants)
    plans = ", ".join(sorted(experiment.plans)) or "all"
    dates = " to ".join(at.isoformat() if at else "…" for at in (experiment.starts_at, experiment.ends_at))
    return f"{experiment.key}  {variants}  plans: {plans}  {dates}"


def _worded(variant: Variant) -> str:
    changes = ",".join(f"{each.key}={each.value}" for each in variant.changes)
    return f"{variant.name}:{variant.weight}" + (f":{changes}" if changes else "")
