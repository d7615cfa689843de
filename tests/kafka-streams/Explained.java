import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import knowatt.ANOMOLY_POWER;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.test.TestRecord;

/** The topology that `knowatt export --to kafka-streams --explain` prints, without a broker: Explained SCORED STATE. */
public final class Explained {
    public static void main(String[] arguments) throws Exception {
        // @EXPLAINED@
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "explained");
        settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[1]);
        List<String> found = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        List<String> lines = Files.readAllLines(Path.of(arguments[0]));
        List<String> columns = Arrays.asList(lines.get(0).split(","));
        try (TopologyTestDriver driver = new TopologyTestDriver(builder.build(), settings)) {
            TestInputTopic<String, Double> readings = driver.createInputTopic("readings", Serdes.String().serializer(), Serdes.Double().serializer());
            for (String line : lines.subList(1, lines.size())) {
                String[] fields = line.split(",", -1);
                readings.pipeInput("home", Double.valueOf(fields[columns.indexOf("wh")]), Instant.parse(fields[0]));
                String score = fields[columns.indexOf("score")];
                if (Double.parseDouble(score) > 1.0) {
                    expected.add(Instant.parse(fields[0]) + " " + Double.valueOf(score));
                }
            }
            var anomalies = driver.createOutputTopic("anomalies", Serdes.String().deserializer(), Serdes.Double().deserializer());
            for (TestRecord<String, Double> record : anomalies.readRecordsToList()) {
                found.add(record.getRecordTime() + " " + record.value());
            }
        }
        if (expected.isEmpty() || !found.equals(expected)) {
            throw new IllegalStateException(found + "\nis not\n" + expected);
        }
        System.out.println("what is explained for Kafka Streams finds knowatt's " + found.size() + " readings above 1.0");
    }
}
