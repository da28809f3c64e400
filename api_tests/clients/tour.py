"""A tour of the interface with the generated client: record a need, match it, list, meet a problem, delete."""

import sys

from patentdock_client import AuthenticatedClient
from patentdock_client.api.deletions import delete_need
from patentdock_client.api.matches import create_match
from patentdock_client.api.needs import create_need, get_need, list_needs
from patentdock_client.models import (
    MatchRequest,
    NeedInput,
    NeedPage,
    NeedPublic,
    NeedSaved,
    PatentMatchResponse,
    Problem,
)

TITLE = "求锂电池低温加热（生成的客户端）"
TEXT = "动力电池在零下二十度充电慢，希望快速加热而不析锂"


def main(address: str, key: str) -> None:
    """Walk the tour; raises AssertionError where an answer is not what the document says."""
    with AuthenticatedClient(base_url=address, token=key) as client:
        need = create_need.sync(client=client, body=NeedInput(title=TITLE, text=TEXT))
        assert isinstance(need, NeedSaved), need
        read = get_need.sync(need.id, client=client)
        assert isinstance(read, NeedPublic)
        assert read.title == TITLE
        page = list_needs.sync(client=client, text="生成的客户端")
        assert isinstance(page, NeedPage)
        assert [item.id for item in page.items] == [need.id]
        found = create_match.sync(client=client, body=MatchRequest(text=TEXT, top_k=3))
        assert isinstance(found, PatentMatchResponse)
        assert [match.rank for match in found.items] == [1, 2, 3]
        again = create_need.sync(client=client, body=NeedInput(title=TITLE, text=TEXT, code=need.code))
        assert isinstance(again, Problem)
        assert (again.type_, again.existing_id) == ("/problems/record-exists", need.id)
        delete_need.sync(need.id, client=client, reason="试验")
        gone = get_need.sync(need.id, client=client)
        assert isinstance(gone, Problem)
        assert (gone.type_, gone.status) == ("/problems/gone", 410)
        print(found.items[0].patent.title)


if __name__ == "__main__":
    main(*sys.argv[1:])
