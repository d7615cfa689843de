import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import knowatt.ANOMOLY_POWER;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Scores a topic of readings (key: the meter; value: Wh; timestamp: when its hour starts) with the hours before, which are kept in a
 * store, and writes `score level` to another topic: Anomalies BROKER FOLDER.
 */
public class Anomalies {
    static class Score extends ContextualFixedKeyProcessor<String, Double, String> {
        private KeyValueStore<String, byte[]> hours;

        @Override
        public void init(FixedKeyProcessorContext<String, String> context) {
            super.init(context);
            hours = context.getStateStore("hours");
        }

        @Override
        public void process(FixedKeyRecord<String, Double> reading) {
            byte[] known = hours.get(reading.key());
            ANOMOLY_POWER.Recent recent = known == null ? new ANOMOLY_POWER.Recent() : new ANOMOLY_POWER.Recent(known);
            double score = recent.push(reading.timestamp(), reading.value());
            hours.put(reading.key(), recent.toBytes());
            double level = ANOMOLY_POWER.scoreAt(reading.timestamp(), reading.value());
            context().forward(reading.withValue(score + " " + level));
        }
    }

    static class WithStore implements FixedKeyProcessorSupplier<String, Double, String> {
        @Override
        public FixedKeyProcessor<String, Double, String> get() {
            return new Score();
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return Set.of(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("hours"), Serdes.String(), Serdes.ByteArray())
                    .withLoggingEnabled(Map.of()));
        }
    }

    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "anomalies");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[1]);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 500);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put("auto.offset.reset", "earliest");
        settings.put("session.timeout.ms", 6000);
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream("readings", Consumed.with(Serdes.String(), Serdes.Double()))
                .processValues(new WithStore())
                .to("scores", Produced.with(Serdes.String(), Serdes.String()));
        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(10))));
        streams.start();
        Thread.currentThread().join();
    }
}
