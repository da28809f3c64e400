"""Agreement of segments inferred from text with those derived from IPC, on a catalogue that has both.

Every patent with an IPC is classified from its text alone (its own row never votes) and compared with its class by IPC.
The peer in the same run is the majority class: always answering the most frequent first segment.

    python -m bench.segment_agreement DATA_DIR
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np

from catalog.db import Database, sqlite_url
from catalog.kit.base import ClassRef
from catalog.supply import patent_classes
from index.generations.generation import GenerationStore
from matching.night.classes import BLOCK, TextClassifier


def _leading(refs: list[ClassRef]) -> set[str]:
    """The heaviest segments; several where they weigh the same."""
    segments = [ref for ref in refs if ref.scheme == "segment"]
    top = max((ref.weight for ref in segments), default=0.0)
    return {ref.code for ref in segments if ref.weight == top}


def main(data: Path) -> None:
    """Print the agreement over all patents of the installation in `data`."""
    generation = GenerationStore(data / "generations").current()
    if generation is None:
        raise SystemExit("索引尚未建立，请先运行 patentdock reindex")
    patents = generation.patents
    with Database(sqlite_url(data / "catalog.db")).read() as session:
        classifier = TextClassifier(patents, session)
        ids = [i for i in patent_classes.labelled_ids(session) if i in patents]
        derived = patent_classes.of_patents(session, ids)
        agree = overlap = 0
        for start in range(0, len(ids), BLOCK):
            block = ids[start : start + BLOCK]
            vectors = patents.vectors(np.array(block))
            for patent_id, refs in zip(block, classifier.classify(vectors, block), strict=True):
                inferred, own = _leading(refs), derived[patent_id]
                agree += bool(inferred & _leading(own))
                overlap += bool(inferred & {ref.code for ref in own if ref.scheme == "segment"})
    first = Counter(code for i in ids for code in _leading(derived[i]))
    majority = first.most_common(1)[0][1] / len(ids)
    print(f"patents with IPC-derived segments: {len(ids)}")
    print(f"first segment agrees: {agree / len(ids):.3f}; among all IPC segments: {overlap / len(ids):.3f}")
    print(
        f"peer, always the most frequent first segment: {majority:.3f}; ratio {agree / len(ids) / majority:.1f}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
