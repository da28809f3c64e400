# PatentDock (专利供需对接服务). The model is fetched while building; the running container needs no network.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/patentdock
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY catalog catalog
COPY assessment assessment
COPY ingestion ingestion
COPY index index
COPY matching matching
COPY service service
COPY demo demo
RUN /opt/patentdock/bin/pip install --constraint constraints.txt . \
    && PATENTDOCK_DATA=/opt/patentdock-data /opt/patentdock/bin/patentdock setup-model

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 patentdock \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/patentdock --create-home patentdock
COPY --from=build /opt/patentdock /opt/patentdock
COPY --from=build --chown=patentdock:patentdock /opt/patentdock-data /var/lib/patentdock
ENV PATH=/opt/patentdock/bin:$PATH \
    PATENTDOCK_DATA=/var/lib/patentdock \
    PATENTDOCK_HOST=0.0.0.0 \
    PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /var/lib/patentdock
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["patentdock"]
CMD ["serve"]
