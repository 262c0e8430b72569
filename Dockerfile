# One image per service:  docker build --build-arg SERVICE=activity -t kinerja-activity .
# The kinerja command:    docker build --target ops -t kinerja-ops .
# BASE is any image with Python 3.11 and its venv module. Wheels in .wheels go before the package index, and
# --build-arg PIP_NO_INDEX=1 forbids the index.
ARG BASE=python:3.11-slim

FROM ${BASE} AS packages
ARG PIP_NO_INDEX=
COPY requirements-service.txt requirements-ops.txt .wheels* /wheels/
RUN for set in service ops; do \
        python3 -m venv /packages/$set \
        && /packages/$set/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes \
            --only-binary :all: --find-links /wheels -r /wheels/requirements-$set.txt \
        && /packages/$set/bin/pip uninstall --quiet --yes pip setuptools || exit 1; \
    done

FROM ${BASE} AS ops
COPY --from=packages /packages/ops /packages/ops
ENV PATH=/packages/ops/bin:$PATH PYTHONPATH=/kinerja PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
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
COPY --from=packages /packages/service /packages/service
ENV PATH=/packages/service/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    SERVICE=${SERVICE} KINERJA_HOST=0.0.0.0 KINERJA_PORT=8000
WORKDIR /kinerja
COPY shared shared
COPY services/__init__.py services/__init__.py
COPY services/${SERVICE:?} services/${SERVICE}
RUN python3 -m compileall -q .
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=5s --start-period=180s CMD ["python3", "-ISc", \
    "import socket; s = socket.create_connection(('127.0.0.1', 8000), 4); s.send(b'GET /readyz HTTP/1.0\\r\\n\\r\\n'); raise SystemExit(b' 200 ' not in s.recv(64))"]
ENTRYPOINT ["sh", "-c", "exec python3 -m services.$SERVICE \"$@\"", "service"]
