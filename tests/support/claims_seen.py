"""Every claim of due work and of polls as PostgreSQL saw it: who took what and gave it back, in one order."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg

# A trigger per row: an errand claims its rows one by one under one token, which is gone when they were given back.
_RECORD = """
CREATE TABLE claims_seen (
    place BIGSERIAL PRIMARY KEY, connection TEXT NOT NULL, what TEXT NOT NULL, worker TEXT NOT NULL,
    claim TEXT NOT NULL, taken BOOLEAN NOT NULL
);
CREATE FUNCTION note_claim() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kind TEXT := TG_ARGV[0];
    claimed TEXT := CASE WHEN TG_OP = 'DELETE' THEN '' ELSE NEW.claim END;
BEGIN
    IF claimed = OLD.claim THEN
        RETURN NULL;
    END IF;
    IF OLD.claim <> '' THEN
        INSERT INTO claims_seen (connection, what, worker, claim, taken)
        VALUES (OLD.connection, to_jsonb(OLD) ->> kind, OLD.claimed_by, OLD.claim, FALSE);
    END IF;
    IF claimed <> '' THEN
        INSERT INTO claims_seen (connection, what, worker, claim, taken)
        VALUES (NEW.connection, to_jsonb(NEW) ->> kind, NEW.claimed_by, NEW.claim, TRUE);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER claims_of_work AFTER UPDATE OR DELETE ON pending FOR EACH ROW EXECUTE FUNCTION note_claim('errand');
CREATE TRIGGER claims_of_polls AFTER UPDATE OR DELETE ON polls FOR EACH ROW EXECUTE FUNCTION note_claim('flow');
"""


@dataclass(frozen=True)
class Claim:
    """One batch or poll: of what (an errand or a flow), by which process, and over how many rows."""

    connection: UUID
    what: str
    worker: str
    rows: int
    begins: int
    ends: int | None


def record_claims(database_url: str) -> None:
    """Write down every claim from now on; the tables must be there."""
    with psycopg.connect(database_url) as connection:
        connection.execute(_RECORD)


def claims_seen(database_url: str) -> list[Claim]:
    """Give the claims in the order they were made; `ends` is None for one whose rows were not all given back."""
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT connection, what, worker, COUNT(*) FILTER (WHERE taken), MIN(place),"
            " CASE WHEN COUNT(*) FILTER (WHERE taken) = COUNT(*) FILTER (WHERE NOT taken) THEN MAX(place) END"
            " FROM claims_seen GROUP BY connection, what, worker, claim ORDER BY MIN(place)"
        ).fetchall()
    return [Claim(UUID(connection), *rest) for connection, *rest in found]


def turns_at_first_end(order: Sequence[UUID]) -> Counter[UUID]:
    """Give how many turns each had had when the first of them had had all of its own."""
    left, had = Counter(order), Counter[UUID]()
    for one in order:
        had[one] += 1
        if had[one] == left[one]:
            break
    return had


def most_at_once(claims: Iterable[Claim]) -> int:
    """Give how many of these claims were held at the same time."""
    steps = [(one.begins, 1) for one in claims] + [(one.ends, -1) for one in claims if one.ends is not None]
    held = most = 0
    for _, step in sorted(steps):
        held += step
        most = max(most, held)
    return most
