# What the official image of Flink promises, from Maven's jars on Debian's Java: java on PATH, the
# jars in lib and opt, the user; and it lacks Kafka's connector, as that one does.
ARG BASE
FROM ${BASE}

RUN groupadd --system --gid 9999 flink && \
    useradd --system --uid 9999 --gid flink --home-dir /opt/flink flink && \
    mkdir -p /opt/flink/opt
COPY libs /opt/flink/lib
RUN mv /opt/flink/lib/flink-sql-gateway-[0-9]*.jar /opt/flink/opt/ && \
    rm /opt/flink/lib/flink-sql-connector-kafka-*.jar && \
    chown -R flink:flink /opt/flink
ENV FLINK_HOME=/opt/flink
USER flink
WORKDIR /opt/flink
EXPOSE 6123 8081
CMD ["help"]
