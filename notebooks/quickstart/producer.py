"""Write each line that is typed: python producer.py ADDRESS TOPIC"""

import sys

from confluent_kafka import Producer


def complain(error):
    print("trouble:", error.str(), file=sys.stderr, flush=True)


def report(error, record):
    print(error or f"written at offset {record.offset()}", flush=True)


address, topic = sys.argv[1:]
settings = {
    "bootstrap.servers": address,
    "partitioner": "murmur2_random",
    "error_cb": complain,
    "log_level": 2,  # the client's own lines on errors: `complain` says the same
}
producer = Producer(settings)
try:
    for line in sys.stdin:
        producer.produce(topic, value=line.strip(), on_delivery=report)
        producer.poll(1)
except KeyboardInterrupt:
    print("ended by Ctrl-C")
finally:
    if left := producer.flush(30):
        print("records without an answer:", left)
