FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p knowatt

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/knowatt knowatt
COPY --from=build /src/target/release/knowatt /usr/local/bin/knowatt
USER knowatt
WORKDIR /var/lib/knowatt
ENTRYPOINT ["knowatt"]
CMD ["watch", "--config", "/etc/knowatt/knowatt.toml", "--log-format", "json"]
