"""Words for demo content: the same for the same number, and readable."""

from random import Random

TOPICS = [
    "harbours",
    "lighthouses",
    "tide tables",
    "charts",
    "knots",
    "sails",
    "pilots",
    "ferries",
    "estuaries",
    "fog signals",
    "buoys",
    "dry docks",
    "salvage",
    "rope walks",
    "currents",
    "anchorages",
    "logbooks",
    "sea walls",
    "cranes",
    "canals",
]
ANGLES = [
    "A short history of {}",
    "What {} teach us",
    "The quiet economics of {}",
    "Reading {} like a local",
    "Why {} still matter",
    "A field guide to {}",
    "The people behind {}",
    "Ten years of {}",
    "Measuring {} properly",
    "Letters about {}",
    "The future of {}",
    "Mistakes we made with {}",
]
SUBJECTS = [
    "The harbour master",
    "A patient crew",
    "Every chart",
    "The old breakwater",
    "The morning tide",
    "A well kept log",
    "The night watch",
    "Nobody on the quay",
    "The new pilot",
    "Each of the surveys",
]
VERBS = [
    "remembers",
    "corrects",
    "depends on",
    "explains",
    "outlives",
    "questions",
    "prepares for",
    "measures",
    "pays for",
    "begins with",
]
OBJECTS = [
    "what the last storm moved",
    "a rule that was never written down",
    "the shallow side of the channel",
    "more silence than you would expect",
    "the work of many hands",
    "a number in the margin",
    "the promise of a calm week",
    "somebody else's mistake",
    "the weight of wet rope",
    "the long way round",
]
GIVEN = ["Ada", "Bram", "Chloe", "Dilan", "Esi", "Farid", "Greta", "Hanna", "Ilse", "Jonas"]
FAMILY = ["Okafor", "Lindqvist", "Marais", "Tanaka", "Novak", "Brandt", "Silva", "Achterberg", "Moreau", "Petrov"]


def title(number: int) -> str:
    """Different for the first 240 numbers."""
    angle, topic = divmod(number, len(TOPICS))
    text = ANGLES[angle % len(ANGLES)].format(TOPICS[topic])
    return text if angle < len(ANGLES) else f"{text}, part {angle // len(ANGLES) + 1}"


def paragraph(seed: str, sentences: int) -> str:
    """About 65 characters a sentence."""
    random = Random(seed)  # noqa: S311 - demo text, not a secret
    return " ".join(
        f"{random.choice(SUBJECTS)} {random.choice(VERBS)} {random.choice(OBJECTS)}." for _ in range(sentences)
    )


def person(number: int) -> str:
    """Different for the first 100 numbers."""
    return f"{GIVEN[number % len(GIVEN)]} {FAMILY[(number + number // len(GIVEN)) % len(FAMILY)]}"
