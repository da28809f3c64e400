"""The thread of a service process that sends events while the service runs."""

from __future__ import annotations

import asyncio
import logging
from threading import Event, Thread

from service.installation.runtime import Runtime
from service.webhooks import posting
from service.webhooks.posting import PostRules
from service.webhooks.sender import EventSender, SendingRules

logger = logging.getLogger("patentdock")


def rules_of(runtime: Runtime) -> SendingRules:
    """The rules of sending by the settings of an installation."""
    return SendingRules(PostRules(allow_http=runtime.settings.webhook_http))


class Sending:
    """Sends the events of an installation; errors are logged and the step is retried."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime, self._stop = runtime, Event()
        self._thread = Thread(target=lambda: asyncio.run(self._run()), name="sending", daemon=True)

    def start(self) -> None:
        """Start, unless the settings disable it."""
        if self._runtime.settings.webhook_seconds > 0:
            self._thread.start()

    def stop(self) -> None:
        """End; returns when what is on its way has been answered."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    async def _run(self) -> None:
        sender = EventSender(self._runtime.database, rules_of(self._runtime), self._stop.is_set)
        running: dict[int, asyncio.Task[object]] = {}
        logged = ""
        async with posting.client() as client:
            while not self._stop.is_set():
                problem = ""
                try:
                    # A slow receiver delays none of the others.
                    for webhook_id in await asyncio.to_thread(sender.due):
                        if webhook_id not in running:
                            running[webhook_id] = asyncio.create_task(sender.drain(client, webhook_id))
                    for webhook_id in [one for one, task in running.items() if task.done()]:
                        running.pop(webhook_id).result()
                except Exception as error:  # on any error the service and this thread continue
                    problem = f"{type(error).__name__}: {error}"
                    if problem != logged:
                        logger.warning("事件暂时不能推送：%s", problem, exc_info=error)
                logged = problem
                await asyncio.to_thread(self._stop.wait, self._runtime.settings.webhook_seconds)
            await asyncio.gather(*running.values(), return_exceptions=True)
