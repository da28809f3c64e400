"""The sender: claims what is due, posts it signed, and notes the answers; several may work on one catalogue."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from catalog.db import Database
from catalog.kit.base import as_json, now
from catalog.webhooks import deliveries, outbox, webhooks
from catalog.webhooks.deliveries import Backoff, Claimed, Parcel, PostAnswer, Target
from catalog.webhooks.events import TEST_EVENT
from service.webhooks import posting, signing
from service.webhooks.posting import PostRules


@dataclass(frozen=True, slots=True)
class SendingRules:
    """The rules of sending: claimed by `batch`, posted `at_once`, tried again by `backoff`.

    A `lease` outlasts the posts of a batch and the wait for the database, so that nobody else sends what is on its way.
    """

    post: PostRules = field(default_factory=PostRules)
    backoff: Backoff = field(default_factory=Backoff)
    batch: int = 32
    at_once: int = 16
    lease: timedelta = timedelta(minutes=3)


class EventSender:
    """Sends what is due; `is_stopped` is asked between batches."""

    def __init__(
        self,
        database: Database,
        rules: SendingRules | None = None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database, self._rules, self._is_stopped = database, rules or SendingRules(), is_stopped
        self._chance = random.Random()  # noqa: S311 - spreads attempts, guards nothing

    def due(self) -> list[int]:
        """The webhooks that something can be sent to now."""
        with self._database.read() as session:
            return deliveries.webhooks_due(session, now())

    async def drain(self, client: httpx.AsyncClient, webhook_id: int) -> Counter[bool]:
        """Sends what is due to one webhook until nothing is, or nothing arrives; answers how many were delivered or not."""
        count: Counter[bool] = Counter()
        while not self._is_stopped():
            claimed = await asyncio.to_thread(self._claim, webhook_id)
            if claimed is None:
                break
            answers = await self._post_all(client, claimed)
            await asyncio.to_thread(self._settle, claimed, answers)
            arrived = Counter(answer.is_delivered for answer in answers)
            count += arrived
            if not arrived[True]:
                break  # a receiver that is down is tried with one event at a time, not with all that wait
        return count

    async def send_due(self) -> Counter[bool]:
        """Sends what is due to all webhooks, each for itself."""
        async with posting.client() as client:
            counts = await asyncio.gather(*(self.drain(client, one) for one in self.due()))
        return sum(counts, Counter())

    def _claim(self, webhook_id: int) -> Claimed | None:
        with self._database.write() as session:
            return deliveries.claim(
                session, webhook_id, now(), at_most=self._rules.batch, lease=self._rules.lease
            )

    async def _post_all(self, client: httpx.AsyncClient, claimed: Claimed) -> list[PostAnswer]:
        gate = asyncio.Semaphore(self._rules.at_once)

        async def one(parcel: Parcel) -> PostAnswer:
            async with gate:
                return await send(client, claimed.target, parcel.event_id, parcel.body, self._rules.post)

        return await asyncio.gather(*map(one, claimed.parcels))

    def _settle(self, claimed: Claimed, answers: list[PostAnswer]) -> None:
        moment = now()
        with self._database.write() as session:
            for parcel, answer in zip(claimed.parcels, answers, strict=True):
                jitter = self._chance.uniform(0.8, 1.2)
                deliveries.settle(
                    session, parcel.delivery_id, answer, moment, self._rules.backoff, jitter=jitter
                )


async def send(
    client: httpx.AsyncClient, target: Target, event_id: str, body: bytes, rules: PostRules
) -> PostAnswer:
    """Signs and posts one event."""
    headers = signing.headers(event_id, now(), body, target.secrets)
    return await posting.post(client, target.url, headers, body, rules)


def try_out(database: Database, webhook_id: int, rules: PostRules) -> PostAnswer:
    """Sends a trial to a webhook at once, active or not; it stands in no list. Raises NotFound."""
    with database.read() as session:
        target = deliveries.target_of(webhooks.get(session, webhook_id), now())
    event_id = outbox.new_id()
    body = as_json(
        {
            "id": event_id,
            "type": TEST_EVENT.name,
            "timestamp": now().isoformat().replace("+00:00", "Z"),
            "record": TEST_EVENT.record(webhook_id),
            "data": {},
        }
    ).encode()

    async def trial() -> PostAnswer:
        async with posting.client() as client:
            return await send(client, target, event_id, body, rules)

    return asyncio.run(trial())
