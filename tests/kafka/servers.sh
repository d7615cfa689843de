# A real broker and a real schema registry on free ports of the loopback, to be sourced by a script that has set `work`, a folder of
# its own; what is started here ends with that script. Needs Java 17, Maven, kcat, curl and Python with venv. What is downloaded
# is kept in KNOWATT_TEST_CACHE (default ~/.cache/knowatt-tests).
cache=${KNOWATT_TEST_CACHE:-$HOME/.cache/knowatt-tests}
kafka_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$kafka_folder/../processes.sh"

# Downloads, once: what is complete has a stamp with the digest of what it was made by.
registry_version=2.6.13.Final
stamp=$(cat "$kafka_folder/pom.xml" "$kafka_folder/servers.sh" | sha256sum | cut -d' ' -f1)
libraries=$cache/kafka-$stamp
if [ ! -e "$libraries/complete" ]; then
    rm -rf "$libraries" && mkdir -p "$libraries/jars" "$libraries/registry"
    mvn -B -q -Dstyle.color=never -f "$kafka_folder/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$libraries/jars"
    mvn -B -q -Dstyle.color=never dependency:copy -Dartifact="io.apicurio:apicurio-registry-app:$registry_version:tar.gz:all" -DoutputDirectory="$libraries"
    tar xzf "$libraries"/apicurio-registry-app-*.tar.gz -C "$libraries/registry" && rm "$libraries"/*.tar.gz
    python3 -m venv "$libraries/python"
    "$libraries/python/bin/pip" --quiet --disable-pip-version-check install confluent-kafka==2.16.1
    touch "$libraries/complete"
fi
java=(java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn)

# Sets `secure`, the address of a listener that wants TLS and a password, with a certificate of its own, and writes the settings for `start_broker`.
secure_listener() {
    secure=127.0.0.1:$(free_port)
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "subjectAltName=IP:127.0.0.1" \
        -keyout "$work/key.pem" -out "$work/ca.pem" 2> /dev/null
    cat "$work/key.pem" "$work/ca.pem" > "$work/server.pem"
    cat > "$work/secure.properties" << P
listeners=@PLAIN@,SECURE://$secure,@CONTROLLER@
advertised.listeners=@PLAIN@,SECURE://$secure
listener.name.secure.sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_home="of the meter";
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location=$work/server.pem
P
}

# Writes a client's settings for it, as Kafka's own tools take them.
secure_client() { # PASSWORD FILE
    printf '%s\n' security.protocol=SASL_SSL sasl.mechanism=PLAIN ssl.truststore.type=PEM "ssl.truststore.location=$work/ca.pem" \
        "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"home\" password=\"$1\";" > "$work/$2"
}

# Sets `broker`. The file's settings are added; the last of two of one name counts.
start_broker() { # [PROPERTIES]
    local controller
    controller=$(free_port)
    broker=127.0.0.1:$(free_port)
    cat > "$work/server.properties" << P
node.id=1
process.roles=broker,controller
listeners=PLAINTEXT://$broker,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://$broker
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:$controller
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT
log.dirs=$work/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
P
    if [ $# -gt 0 ]; then
        sed "s|@PLAIN@|PLAINTEXT://$broker|; s|@CONTROLLER@|CONTROLLER://127.0.0.1:$controller|" "$1" >> "$work/server.properties"
    fi
    CLASSPATH="$libraries/jars/*" "${java[@]}" kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qg -c "$work/server.properties" > "$work/format.log" 2>&1
    run_broker
}

run_broker() {
    CLASSPATH="$libraries/jars/*" "${java[@]}" kafka.Kafka "$work/server.properties" >> "$work/kafka.log" 2>&1 &
    broker_process=$!
    started+=("$broker_process")
    up "the broker" "$work/kafka.log" kcat -b "$broker" -L -m 1
}

# Ends the broker, with TERM or KILL, and starts it again on the same ports with what it had.
bounce_broker() { # SIGNAL
    kill -s "$1" "$broker_process"
    wait "$broker_process" 2> /dev/null || true
    forget "$broker_process"
    run_broker
}

create_topics() { # PARTITIONS NAME...
    "$libraries/python/bin/python" - "$broker" "$@" << 'P'
import sys
from confluent_kafka.admin import AdminClient, NewTopic
client = AdminClient({"bootstrap.servers": sys.argv[1]})
# What is written is old: the broker must not delete it for that.
topics = [NewTopic(name, int(sys.argv[2]), 1, config={"retention.ms": "-1"}) for name in sys.argv[3:]]
for created in client.create_topics(topics).values():
    created.result()
P
}

# Sets `registry`, the address of its Confluent API, and `registry_port`.
start_registry() {
    local jar
    registry_port=$(free_port)
    registry=http://127.0.0.1:$registry_port/apis/ccompat/v7
    jar=$(find "$libraries/registry" -maxdepth 1 -name '*runner.jar' -print -quit)
    (cd "$work" && QUARKUS_HTTP_HOST=127.0.0.1 QUARKUS_HTTP_PORT=$registry_port QUARKUS_MANAGEMENT_HOST=127.0.0.1 \
        QUARKUS_MANAGEMENT_PORT=$(free_port) exec "${java[@]}" -jar "$jar" > "$work/registry.log" 2>&1) &
    started+=($!)
    up "the registry" "$work/registry.log" curl -sf "$registry/subjects"
}
