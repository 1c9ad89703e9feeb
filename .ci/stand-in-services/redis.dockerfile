# What the official image of Redis promises, from Debian's package.
ARG BASE
FROM ${BASE}

RUN mkdir -p /data && chown redis:redis /data
COPY docker-entrypoint.sh /usr/local/bin/
ENV SERVICE_USER=redis SERVICE_DATA=/data

EXPOSE 6379
VOLUME ["/data"]
WORKDIR /data
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["redis-server"]
