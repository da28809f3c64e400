"""Events reach a receiver that fails, in order within a record, signed; whatever happens to the sender."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import select, update

from api_tests.service.webhooks.receiver import Receiver, Reply, receiving
from catalog.db import Database, Session
from catalog.kit.base import id_of, now, table_of
from catalog.kit.paging import PageQuery
from catalog.kit.terms import DeliveryState
from catalog.webhooks import deliveries, lists, outbox, shown, webhooks
from catalog.webhooks import edits as webhook_edits
from catalog.webhooks.deliveries import Backoff, Claimed, PostAnswer
from catalog.webhooks.edits import WebhookInput
from catalog.webhooks.events import DEAL_CHANGED, LICENCE_CHANGED, EventType
from catalog.webhooks.lists import DeliveryFilter
from catalog.webhooks.shown import DeliveryPublic
from catalog.webhooks.webhooks import Webhook, WebhookEvent
from service.webhooks import sender
from service.webhooks.posting import PostRules
from service.webhooks.sender import EventSender, SendingRules

AT_ONCE = SendingRules(backoff=Backoff(first=timedelta(0)))
LATER = SendingRules(backoff=Backoff(first=timedelta(hours=1)))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def subscribed(database: Database, url: str, *events: EventType, name: str = "省平台") -> Webhook:
    data = WebhookInput(name=name, url=url, events=[event.name for event in events or (DEAL_CHANGED,)])
    with database.write() as session:
        return webhook_edits.create(session, data, actor="测试", allow_http=True)


def happen(database: Database, *records: int, event: EventType = DEAL_CHANGED) -> None:
    for place, record in enumerate(records):
        with database.write() as session:
            outbox.announce(session, event, {record: {"action": str(place), "action_name": "更正"}})


def sent(database: Database, rules: SendingRules = AT_ONCE, rounds: int = 1) -> list[DeliveryPublic]:
    """Sends what is due, so many times; answers all deliveries, oldest first."""
    for _ in range(rounds):
        asyncio.run(EventSender(database, rules).send_due())
    with database.read() as session:
        found = [row for hook in webhooks.every(session) for row in _rows(database, id_of(hook))]
    return sorted(found, key=lambda one: one.id)


def _rows(database: Database, webhook_id: int) -> Sequence[DeliveryPublic]:
    with database.read() as session:
        rows = lists.page(session, PageQuery(size=200), DeliveryFilter(webhook_id=webhook_id)).rows
        return shown.deliveries(session, rows)


def events_in(session: Session) -> Sequence[WebhookEvent]:
    return session.execute(select(WebhookEvent)).scalars().all()


def fails_half_of_the_time(seed: int) -> Receiver:
    chance = random.Random(seed)
    return Receiver(answer=lambda _: (204 if chance.random() < 0.5 else 503, {}))


def in_order(receiver: Receiver) -> bool:
    """Whether the first successful arrivals of every record are in the order in which they happened."""
    seen: dict[int, list[int]] = defaultdict(list)
    for one in receiver.taken:
        place = int(one.event["data"]["action"])
        if place not in seen[one.event["record"]["id"]]:
            seen[one.event["record"]["id"]].append(place)
    return all(places == sorted(places) for places in seen.values())


@pytest.mark.parametrize("seed", range(3))
def test_a_receiver_that_fails_half_of_the_time_gets_everything_in_order_and_signed(
    database: Database, receiver: Receiver, seed: int
) -> None:
    receiver.answer = fails_half_of_the_time(seed).answer
    hook = subscribed(database, receiver.url)
    happen(database, *(random.Random(seed).choices(range(1, 8), k=60)))
    happen(database, 1, 2, event=LICENCE_CHANGED)  # nobody subscribes to these
    while any(one.state is not DeliveryState.DELIVERED for one in sent(database)):
        pass
    places = {int(one.event["data"]["action"]) for one in receiver.taken}
    assert places == set(range(60))
    assert {one.event["type"] for one in receiver.arrived} == {"deal.changed"}
    assert in_order(receiver)
    assert all(one.is_signed_by(hook.secret) for one in receiver.arrived)
    assert len(receiver.arrived) > len(receiver.taken)
    bodies = defaultdict(set)
    for one in receiver.arrived:
        bodies[one.id].add(one.body)
    assert all(len(variants) == 1 for variants in bodies.values())


def test_two_senders_at_once_send_nothing_twice(database: Database, receiver: Receiver) -> None:
    subscribed(database, receiver.url)
    happen(database, *(place % 20 for place in range(100)))

    def work() -> None:
        own = Database(str(database.engine.url))
        for _ in range(100):
            asyncio.run(EventSender(own, SendingRules(batch=3)).send_due())
            if not EventSender(own).due():
                break
        own.dispose()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.arrived) == len({one.id for one in receiver.arrived}) == 100
    assert in_order(receiver)


class DyingSender(EventSender):
    """A sender that is killed when its events have been answered."""

    def _settle(self, claimed: Claimed, answers: list[PostAnswer]) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def _killed_after_sending(url: str) -> None:
    rules = SendingRules(lease=timedelta(seconds=-1), batch=2)
    asyncio.run(DyingSender(Database(url), rules).send_due())


def test_what_a_killed_sender_had_sent_is_sent_again_under_the_same_id(
    database: Database, receiver: Receiver
) -> None:
    subscribed(database, receiver.url)
    happen(database, 1, 1, 2)
    url = str(database.engine.url)
    killed = multiprocessing.get_context("spawn").Process(target=_killed_after_sending, args=(url,))
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    first = [one.id for one in receiver.arrived]
    assert len(first) == 2
    assert {one.state for one in sent(database)} == {DeliveryState.DELIVERED}
    again = [one.id for one in receiver.arrived[2:]]
    assert (len(set(first) | set(again)), set(first) < set(again)) == (3, True)
    assert in_order(receiver)


def test_a_claim_is_left_alone_until_its_lease_ends(database: Database, receiver: Receiver) -> None:
    hook = subscribed(database, receiver.url)
    happen(database, 1)
    for moment, is_claimed in ((now(), True), (now(), False), (now() + timedelta(minutes=4), True)):
        with database.write() as session:
            claimed = deliveries.claim(session, id_of(hook), moment, at_most=8, lease=timedelta(minutes=3))
        assert (claimed is not None) is is_claimed


def test_an_event_that_fails_holds_back_its_own_record_only(database: Database, receiver: Receiver) -> None:
    subscribed(database, receiver.url)
    happen(database, 1, 1, 2, 3)
    with database.read() as session:
        bad = lists.page(session, PageQuery(sort="id"), DeliveryFilter(webhook_id=1)).rows[0].event_id
    receiver.answer = lambda event_id: (500 if event_id == bad else 200, {})
    first, second, *others = sent(database, LATER, rounds=3)
    assert (first.state, first.attempts, first.last_status) == (DeliveryState.FAILED, 1, 500)
    assert (second.state, second.attempts) == (DeliveryState.WAITING, 0)
    assert [one.state_name for one in others] == ["已送达", "已送达"]


def test_a_receiver_that_is_down_is_tried_with_one_event_at_a_time(
    database: Database, receiver: Receiver
) -> None:
    receiver.answer = lambda _: (500, {})
    subscribed(database, receiver.url)
    happen(database, *range(1, 41))
    sent(database, SendingRules(batch=4, backoff=LATER.backoff))
    assert len(receiver.arrived) == 4
    sent(database, SendingRules(batch=4, backoff=LATER.backoff), rounds=3)
    assert len(receiver.arrived) == 7
    receiver.answer = lambda _: (200, {})
    sent(database, rounds=2)
    assert len(receiver.taken) == 33


@pytest.mark.parametrize(
    ("reply", "wait"),
    [((503, {}), 3600), ((429, {"retry-after": "7200"}), 7200), ((429, {"retry-after": "8640000"}), 21600)],
)
def test_the_next_attempt_is_later_where_the_receiver_asks_for_it(
    database: Database, receiver: Receiver, reply: Reply, wait: int
) -> None:
    receiver.answer = lambda _: reply
    subscribed(database, receiver.url)
    happen(database, 1)
    (one,) = sent(database, SendingRules(backoff=Backoff(first=timedelta(hours=1))))
    assert one.next_try
    assert one.last_try
    seconds = (one.next_try - one.last_try).total_seconds()
    assert 0.8 * wait <= seconds <= 1.2 * wait + 60
    assert now() < one.next_try


def test_after_three_days_an_event_is_given_up_and_the_next_of_its_record_follows(
    database: Database, receiver: Receiver
) -> None:
    receiver.answer = lambda _: (500, {})
    hook = subscribed(database, receiver.url)
    happen(database, 1)
    with database.write() as session:
        session.execute(update(table_of(WebhookEvent)).values(created_at=now() - timedelta(days=3)))
    happen(database, 1)
    first, second = sent(database, rounds=2)
    assert (first.state, first.next_try) == (DeliveryState.GIVEN_UP, None)
    assert (second.state, second.attempts) == (DeliveryState.FAILED, 1)
    with database.read() as session:
        failing = webhooks.get(session, id_of(hook)).failing_since
        assert failing
        assert shown.problems(session, failing) == []
        (problem,) = shown.problems(session, failing + timedelta(hours=1))
        assert "“省平台”自" in problem
    receiver.answer = lambda _: (200, {})
    with database.write() as session:
        deliveries.retry(session, id_of(hook), first.id, now())
    assert {one.state for one in sent(database, rounds=2)} == {DeliveryState.DELIVERED}
    with database.read() as session:
        assert webhooks.get(session, id_of(hook)).failing_since is None


def test_a_receiver_that_is_gone_is_disabled_and_goes_on_when_enabled(
    database: Database, receiver: Receiver
) -> None:
    receiver.answer = lambda _: (410, {})
    hook = subscribed(database, receiver.url)
    happen(database, 1)
    sent(database, rounds=2)
    happen(database, 1)
    assert len(receiver.arrived) == 1
    with database.write() as session:
        (problem,) = shown.problems(session, now())
        assert "410" in problem
        row = webhooks.get(session, id_of(hook))
        stated = WebhookInput(name=row.name, url=row.url, events=row.events)
        webhook_edits.change(session, id_of(hook), stated, allow_http=True)
        assert shown.problems(session, now()) == []
    receiver.answer = lambda _: (200, {})
    (one,) = sent(database)  # what happened while it was disabled is not sent
    assert one.state is DeliveryState.DELIVERED


def test_a_rotated_secret_and_the_one_before_both_sign_for_a_day(
    database: Database, receiver: Receiver
) -> None:
    hook = subscribed(database, receiver.url)
    old = hook.secret
    with database.write() as session:
        new = webhook_edits.rotate(session, id_of(hook), now()).secret
    happen(database, 1)
    sent(database)
    with database.write() as session:
        webhook_edits.rotate(session, id_of(hook), now() - timedelta(hours=25))
        newest = webhooks.get(session, id_of(hook)).secret
    happen(database, 1)
    sent(database)
    both, alone = receiver.arrived
    assert (both.is_signed_by(old), both.is_signed_by(new)) == (True, True)
    assert (alone.is_signed_by(new), alone.is_signed_by(newest)) == (False, True)


@pytest.mark.parametrize(
    ("status", "headers"), [(302, {"location": "http://127.0.0.1:9/"}), (400, {}), (500, {})]
)
def test_only_2xx_counts_and_redirects_are_not_followed(
    database: Database, receiver: Receiver, status: int, headers: dict[str, str]
) -> None:
    receiver.answer = lambda _: (status, headers)
    subscribed(database, receiver.url)
    happen(database, 1)
    (one,) = sent(database, LATER)
    assert (one.state, one.last_status, one.last_error) == (DeliveryState.FAILED, status, "")
    assert len(receiver.arrived) == 1


def test_a_trial_says_what_came_of_it(database: Database, receiver: Receiver) -> None:
    hook = subscribed(database, receiver.url.replace("127.0.0.1", "localhost"))
    answer = sender.try_out(database, id_of(hook), PostRules())
    assert answer.is_delivered, answer
    (one,) = receiver.arrived
    assert one.event["type"] == "webhook.test"
    assert one.headers["host"].startswith("localhost:")
    assert one.is_signed_by(hook.secret)
    refused = sender.try_out(database, id_of(hook), PostRules(allow_http=False))
    assert "应使用 https" in refused.error


def test_a_receiver_that_says_nothing_fails_in_time(database: Database, receiver: Receiver) -> None:
    from threading import Event

    quiet = Event()

    def wait(_: str) -> Reply:
        quiet.wait(30)
        return 200, {}

    receiver.answer = wait
    hook = subscribed(database, receiver.url)
    answer = sender.try_out(database, id_of(hook), PostRules(seconds=0.2))
    quiet.set()
    assert answer.error == "0.2 秒内没有答复"


def test_nothing_is_written_for_events_that_nobody_reads(database: Database) -> None:
    happen(database, 1)
    hook = subscribed(database, "http://127.0.0.1:9/", LICENCE_CHANGED)
    happen(database, 1)
    with database.write() as session:
        assert len(events_in(session)) == 0
        happened = {1: {"action": "edited", "action_name": "变更"}}
        outbox.announce(session, LICENCE_CHANGED, happened)
        assert len(events_in(session)) == 1
        session.rollback()
        assert len(events_in(session)) == 0
    happen(database, 1, event=LICENCE_CHANGED)
    with database.write() as session:
        webhook_edits.delete(session, id_of(hook))
        assert len(events_in(session)) == 0


def test_old_deliveries_are_removed_but_for_those_still_to_be_made(
    database: Database, receiver: Receiver
) -> None:
    subscribed(database, receiver.url)
    happen(database, 1)
    sent(database)
    subscribed(database, "http://127.0.0.1:9/", name="市平台")
    happen(database, 2)
    sent(database, LATER)
    with database.write() as session:
        deliveries.prune(session, now() - timedelta(days=30))
        assert len(events_in(session)) == 2
        deliveries.prune(session, now())
        (left,) = events_in(session)
    assert left.record_id == 2
    assert [one.state_name for one in sent(database, LATER)] == ["失败"]


def test_no_secret_is_in_the_text_of_a_webhook(database: Database) -> None:
    hook = subscribed(database, "http://127.0.0.1:9/")
    assert hook.secret.startswith("whsec_")
    assert hook.secret not in repr(hook) + str(hook)
    with database.read() as session:
        (public,) = shown.publics(session, webhooks.every(session))
    assert hook.secret not in public.model_dump_json()
