# porthole on a small glibc base (ffi/ loads libc.so.6, so no musl base will do).
#
#   docker build -t porthole .
#   docker run --rm --network host porthole open 3456 --test
#
# With podman or buildah add --format docker: the OCI format knows no HEALTHCHECK.
#
# --network host, because the mapping belongs to the address that the carrier's NAT sees; Docker's own NAT in between
# would have to pass strangers on as well. To share the port of a service on the host: --pid host --cap-add SYS_PTRACE
# (docs/port-sharing.md).
ARG DENO_VERSION=2.9.5

FROM denoland/deno:bin-${DENO_VERSION} AS deno

FROM debian:bookworm-slim
COPY --from=deno /deno /usr/local/bin/deno
# A small young generation, as in tools/compile.ts.
ENV DENO_DIR=/var/cache/deno \
    DENO_NO_UPDATE_CHECK=1 \
    DENO_V8_FLAGS=--max-semi-space-size=1
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin porthole \
    && install -d -o porthole -g porthole /app "$DENO_DIR"
WORKDIR /app
USER porthole
COPY --chown=porthole:porthole deno.json deno.lock main.ts mod.ts ./
COPY --chown=porthole:porthole ffi ffi
COPY --chown=porthole:porthole src src
COPY --chown=porthole:porthole tools/image_health.sh tools/
# Everything that main.ts can import is in the image: it starts without a network.
RUN deno cache --frozen main.ts
# Lives and holds a socket; tools/image_health.sh says what this cannot tell.
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 CMD ["sh", "/app/tools/image_health.sh"]
ENTRYPOINT ["deno", "run", "-A", "--cached-only", "main.ts"]
