# What the official image of PostgreSQL promises, from Debian's package: the program on PATH, the
# user, the volume, a new database at the first start, an end in good time.
ARG BASE
FROM ${BASE}

# without the database that Debian's package makes
RUN ln -s /usr/lib/postgresql/*/bin /usr/local/lib/postgresql-bin && rm -rf /var/lib/postgresql/* && \
    install --directory --owner=postgres /run/postgresql
COPY postgresql-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENV PATH=/usr/local/lib/postgresql-bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    PGDATA=/var/lib/postgresql/18/docker

EXPOSE 5432
VOLUME ["/var/lib/postgresql"]
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
