# Flink in a process of its own, to be sourced after ../kafka/servers.sh: makes `$work/flink-sql FILE`, which runs the statements of a file (FlinkSql.java).
# What is downloaded is kept in KNOWATT_TEST_CACHE. Needs a JDK and Maven.
flink_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
flink=$cache/flink-$(sha256sum < "$flink_folder/pom.xml" | cut -c1-16)
if [ ! -e "$flink/complete" ]; then
    rm -rf "$flink"
    mvn -B -q -Dstyle.color=never -f "$flink_folder/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$flink"
    touch "$flink/complete"
fi
javac --release 17 -cp "$flink/*" -d "$work/classes" "$flink_folder/FlinkSql.java"
opens=()
for package in lang util time nio; do opens+=(--add-opens "java.base/java.$package=ALL-UNNAMED"); done
printf '#!/bin/sh\nexec %s "$@"\n' "${java[*]} -Duser.timezone=UTC ${opens[*]} -cp '$flink/*:$work/classes' FlinkSql" > "$work/flink-sql"
chmod +x "$work/flink-sql"
