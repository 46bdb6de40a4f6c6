# One image for every part of tieout. tests/deploy/image_steps.py follows these steps without a container engine,
# so keep them plain: COPY without flags, RUN with commands joined by &&, no shell tricks.
# The base is pinned by version and digest (the index of every platform); move both together.

FROM python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements-build.lock requirements-run.lock ./
# Only wheels, only with the hashes of the lock: nothing is compiled here, and nothing arrives that was not reviewed.
RUN python -m venv /opt/build && /opt/build/bin/python -m pip install --quiet --require-hashes --only-binary=:all: -r requirements-build.lock
RUN python -m venv /opt/tieout && /opt/tieout/bin/python -m pip install --quiet --require-hashes --only-binary=:all: -r requirements-run.lock
COPY pyproject.toml README.md LICENSE ./
COPY domain ./domain
COPY actors ./actors
COPY adapters ./adapters
COPY projections ./projections
COPY console ./console
COPY sandbox ./sandbox
COPY tieout ./tieout
RUN /opt/build/bin/python -m pip wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir dist .
RUN /opt/tieout/bin/python -m pip install --quiet --no-deps --no-index --find-links dist tieout
# The running image installs nothing any more.
RUN /opt/tieout/bin/python -m pip uninstall --quiet --yes pip setuptools

FROM python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="tieout" \
      org.opencontainers.image.description="Connects Infor CloudSuite (M3) with AvidXchange and proves that both ledgers agree" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# A name for the number, so that "who did it" has a default; the folders exist so that named volumes take their owner.
RUN groupadd --gid 10001 tieout \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/tieout --shell /usr/sbin/nologin tieout \
    && install --directory --owner=10001 --group=10001 --mode=0750 /var/lib/tieout /var/lib/tieout/sandbox
COPY --from=build /opt/tieout /opt/tieout
ENV PATH="/opt/tieout/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONFAULTHANDLER=1 \
    PYTHONUTF8=1
WORKDIR /var/lib/tieout
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["tieout"]
CMD ["--help"]
