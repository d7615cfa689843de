"""Starts a reader of a topic and watches it from outside, until its group has committed all of the topic; then ends it.

    watched.py [--memory FILE] BROKER TOPIC GROUP COUNT WARM_UP COMMAND...

Prints, as one line of CSV, the messages between the first committed position at or above WARM_UP and the end, and the seconds, the CPU seconds and the
highest memory in KiB. Positions are asked for every 20 ms, and the process' CPU time (of all threads, user and system) is read from /proc in the same moment, so that
neither its start nor its warming up counts. With --memory the memory goes to a file, once a second: seconds,messages,kib.
"""
import os, subprocess, sys, time

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

PATIENCE_S = 120


def cpu_s(process):
    fields = open(f"/proc/{process}/stat").read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kib(process, which):
    return next(int(line.split()[1]) for line in open(f"/proc/{process}/status") if line.startswith(which))


def forget(admin, group):
    """Deletes what the group has committed before."""
    for _ in range(100):
        try:
            admin.delete_consumer_groups([group])[group].result()
            return
        except KafkaException as error:
            if error.args[0].name() == "GROUP_ID_NOT_FOUND":
                return
            time.sleep(0.2)
    sys.exit(f"the group {group} is not empty")


def main(broker, topic, group, count, warm_up, *command, memory=None):
    count, warm_up = int(count), int(warm_up)
    admin = AdminClient({"bootstrap.servers": broker})
    partitions = admin.list_topics(topic).topics[topic].partitions
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition) for partition in partitions])

    def committed():
        try:
            found = admin.list_consumer_group_offsets([asked])[group].result().topic_partitions
            return sum(max(partition.offset, 0) for partition in found)
        except KafkaException:
            return 0

    forget(admin, group)
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    process, begin, position, sampled = child.pid, None, 0, 0
    began = changed = time.monotonic()
    try:
        while True:
            found, now = committed(), time.monotonic()
            if child.poll() is not None:
                sys.exit(f"{command[0]} ended with code {child.returncode} at {position} of {count} messages")
            if found > position:
                position, changed = found, now
            elif now - changed > PATIENCE_S:
                sys.exit(f"{command[0]} stands at {position} of {count} messages")
            if begin is None and position >= warm_up:
                begin = (position, now, cpu_s(process))
            if memory and now - sampled >= 1:
                sampled = now
                print(f"{now - began:.1f},{position},{memory_kib(process, 'VmRSS:')}", file=memory, flush=True)
            if position >= count:
                break
            time.sleep(0.02)
        print(f"{position - begin[0]},{now - begin[1]:.3f},{cpu_s(process) - begin[2]:.2f},{memory_kib(process, 'VmHWM:')}")
    finally:
        child.terminate()
        child.wait()


arguments = sys.argv[1:]
if arguments[0] == "--memory":
    with open(arguments[1], "w") as file:
        print("seconds,messages,kib", file=file)
        main(*arguments[2:], memory=file)
else:
    main(*arguments)
