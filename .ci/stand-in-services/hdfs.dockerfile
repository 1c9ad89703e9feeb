# What the official image of Hadoop promises to an HDFS, from Maven's jars on Debian's Java: the
# programs on PATH, the folder of their settings, the user.
ARG BASE
FROM ${BASE}

RUN useradd --uid 1001 --home-dir /opt/hadoop hadoop && \
    mkdir -p /opt/hadoop/etc/hadoop /opt/hadoop/share/webapps/hdfs /opt/hadoop/share/webapps/datanode && \
    chown hadoop /opt/hadoop/etc/hadoop
COPY libs /opt/hadoop/share/libs
COPY hdfs /opt/hadoop/bin/
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/hadoop/bin \
    HADOOP_CONF_DIR=/opt/hadoop/etc/hadoop
USER hadoop
WORKDIR /opt/hadoop
CMD ["bash"]
