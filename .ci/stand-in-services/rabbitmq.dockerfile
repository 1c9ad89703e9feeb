# What the official image of RabbitMQ promises, from Debian's package; Debian's own
# /usr/sbin/rabbitmq-server would change the user and hide the log.
ARG BASE
FROM ${BASE}

RUN mkdir -p /etc/rabbitmq/conf.d && chown -R rabbitmq:rabbitmq /etc/rabbitmq /var/lib/rabbitmq
COPY docker-entrypoint.sh /usr/local/bin/
ENV PATH=/usr/lib/rabbitmq/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/var/lib/rabbitmq \
    LANG=C.UTF-8 \
    RABBITMQ_LOGS=- \
    RUNNING_UNDER_SYSTEMD=true \
    SERVICE_USER=rabbitmq \
    SERVICE_DATA=/var/lib/rabbitmq

EXPOSE 4369 5672 25672
VOLUME ["/var/lib/rabbitmq"]
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["rabbitmq-server"]
