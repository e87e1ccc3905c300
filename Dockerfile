FROM node:20-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential curl ca-certificates \
 && curl -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal
ENV PATH=/root/.cargo/bin:$PATH
WORKDIR /heliosdb
COPY . .
RUN npm ci && npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
RUN useradd --system --home /var/lib/heliosdb --create-home heliosdb
COPY --from=build /heliosdb/package.json /heliosdb/heliosdb.toml /opt/heliosdb/
COPY --from=build /heliosdb/bin /opt/heliosdb/bin
COPY --from=build /heliosdb/dist /opt/heliosdb/dist
COPY --from=build /heliosdb/node_modules /opt/heliosdb/node_modules
COPY --from=build /heliosdb/native/heliosdb.node /opt/heliosdb/native/heliosdb.node
USER heliosdb
VOLUME /var/lib/heliosdb
EXPOSE 5432
# Reaching it from outside the container takes a listen_addresses and a pg_hba.conf rule with a password.
CMD ["node", "/opt/heliosdb/bin/heliosdb.js", "start", "-D", "/var/lib/heliosdb"]
