# One image per service:  docker build --build-arg SERVICE=activity -t kinerja-activity .
# The kinerja command:    docker build --target ops -t kinerja-ops .
# BASE is any image with Python 3.11 and its venv module. Wheels in .wheels go before the package index, and
# --build-arg PIP_NO_INDEX=1 forbids the index.
ARG BASE=python:3.11-slim

FROM ${BASE} AS packages
ARG PIP_NO_INDEX=
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_REQUIRE_HASHES=1 PIP_ONLY_BINARY=:all: \
    PIP_FIND_LINKS=/wheels
COPY requirements-service.txt requirements-ops.txt .wheels* /wheels/
RUN python3 -m venv /pip && python3 -m venv --without-pip /packages \
    && /pip/bin/pip --python /packages/bin/python install --quiet --no-compile -r /wheels/requirements-service.txt \
    && /packages/bin/python -m compileall -q -j 0 /packages

FROM packages AS ops-packages
RUN /pip/bin/pip --python /packages/bin/python install --quiet --no-compile -r /wheels/requirements-ops.txt \
    && /packages/bin/python -m compileall -q -j 0 /packages

FROM ${BASE} AS ops
COPY --from=ops-packages /packages /packages
ENV PATH=/packages/bin:$PATH PYTHONPATH=/kinerja PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /kinerja
COPY shared shared
COPY services services
COPY deploy deploy
COPY cli cli
RUN python3 -m compileall -q .
USER 10001:10001
ENTRYPOINT ["python3", "-m", "cli.main"]

FROM ${BASE} AS service
ARG SERVICE
COPY --from=packages /packages /packages
ENV PATH=/packages/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    SERVICE=${SERVICE} KINERJA_HOST=0.0.0.0 KINERJA_PORT=8000
WORKDIR /kinerja
COPY shared shared
COPY services/__init__.py services/__init__.py
COPY services/${SERVICE:?} services/${SERVICE}
RUN python3 -m compileall -q .
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=10s --start-period=180s CMD ["python3", "-ISc", \
    "import socket; s = socket.create_connection(('127.0.0.1', 8000), 4); s.send(b'GET /readyz HTTP/1.0\\r\\n\\r\\n'); raise SystemExit(b' 200 ' not in s.recv(64))"]
ENTRYPOINT ["sh", "-c", "exec python3 -m services.$SERVICE \"$@\"", "service"]
