"""Print what comes to a topic until it is `bye`: python consumer.py ADDRESS TOPIC"""

import sys

from confluent_kafka import Consumer, KafkaError


def complain(error):
    print("trouble:", error.str(), file=sys.stderr, flush=True)


address, topic = sys.argv[1:]
settings = {
    "bootstrap.servers": address,
    "group.id": "terminal",
    "auto.offset.reset": "earliest",
    "error_cb": complain,
    "log_level": 2,  # the client's own lines on errors: `complain` says the same
}
with Consumer(settings) as consumer:
    consumer.subscribe([topic])
    try:
        while True:
            record = consumer.poll(0.5)
            if record is None:
                continue
            if record.error():
                complain(record.error())
                if record.error().code() == KafkaError._FATAL:
                    sys.exit("this consumer cannot go on; start it again")
                continue
            value = record.value() or b""
            if value == b"bye":
                break
            print(value.decode(errors="replace"), flush=True)
    except KeyboardInterrupt:
        print("ended by Ctrl-C")
