import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import io.apicurio.registry.serde.avro.AvroKafkaDeserializer;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import knowatt.ANOMOLY_POWER;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
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
 * What `knowatt watch` does, in Kafka Streams, with the class that `knowatt export` writes: Rival BROKER INPUT OUTPUT FORM STATE THREADS GROUP [REGISTRY].
 *
 * <p>As quick as we could make it: JSON is read by Jackson's streaming parser, Avro by Avro's decoder without a record object and without asking a
 * registry, what stands in the store is cached, and few settings are as they come. With REGISTRY it reads as most do: JSON by Jackson into an object, Avro by the
 * registry's deserializer.
 */
public final class Rival {
    /** A reading: the hour of the day or the time, and Wh. */
    private static final class Reading {
        int hour;
        long startMs;
        double wh;
    }

    private static final class QuickJson implements Deserializer<Reading> {
        private final JsonFactory json = new JsonFactory();

        @Override
        public Reading deserialize(String topic, byte[] value) {
            Reading reading = new Reading();
            try (JsonParser parser = json.createParser(value)) {
                parser.nextToken();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String name = parser.currentName();
                    parser.nextToken();
                    switch (name) {
                        case "hour" -> reading.hour = parser.getIntValue();
                        case "kwh" -> reading.wh = parser.getDoubleValue() * 1000;
                        case "timestamp" -> reading.startMs = parser.getLongValue();
                        case "energy_wh" -> reading.wh = parser.getDoubleValue();
                        default -> parser.skipChildren();
                    }
                }
                return reading;
            } catch (IOException error) {
                throw new SerializationException(error);
            }
        }
    }

    private static final class QuickAvro implements Deserializer<Reading> {
        // Threads share the deserializer.
        private final ThreadLocal<BinaryDecoder> decoders = new ThreadLocal<>();

        @Override
        public Reading deserialize(String topic, byte[] value) {
            Reading reading = new Reading();
            try {
                // Behind the zero byte and the schema's number.
                BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, decoders.get());
                decoders.set(decoder);
                reading.hour = decoder.readInt();
                reading.wh = decoder.readDouble() * 1000;
                return reading;
            } catch (IOException error) {
                throw new SerializationException(error);
            }
        }
    }

    /** An object as Jackson fills it. */
    public static final class Fields {
        public int hour;
        public double kwh;
        public String meter;
        public long timestamp;
        public double energy_wh;
    }

    private static final class UsualJson implements Deserializer<Reading> {
        private final ObjectReader json = new ObjectMapper().readerFor(Fields.class);

        @Override
        public Reading deserialize(String topic, byte[] value) {
            try {
                Fields fields = json.readValue(value);
                Reading reading = new Reading();
                reading.hour = fields.hour;
                reading.startMs = fields.timestamp;
                reading.wh = fields.meter == null ? fields.kwh * 1000 : fields.energy_wh;
                return reading;
            } catch (IOException error) {
                throw new SerializationException(error);
            }
        }
    }

    private static final class UsualAvro implements Deserializer<Reading> {
        private final AvroKafkaDeserializer<GenericRecord> avro = new AvroKafkaDeserializer<>();

        UsualAvro(String registry) {
            avro.configure(Map.of("apicurio.registry.url", registry, "apicurio.registry.as-confluent", true, "apicurio.registry.use-id", "contentId"), false);
        }

        @Override
        public Reading deserialize(String topic, byte[] value) {
            GenericRecord record = avro.deserialize(topic, value);
            Reading reading = new Reading();
            reading.hour = (Integer) record.get("hour");
            reading.wh = (Double) record.get("kwh") * 1000;
            return reading;
        }
    }

    /** Scores an hour by itself: the latest of its number that does not start after the record's time. */
    private static final class ScoreHour extends ContextualFixedKeyProcessor<String, Reading, String> {
        @Override
        public void process(FixedKeyRecord<String, Reading> record) {
            Reading reading = record.value();
            long at = record.timestamp();
            while (ANOMOLY_POWER.hour(at) != reading.hour) {
                at -= 3_600_000L;
            }
            double score = ANOMOLY_POWER.scoreAt(at, reading.wh);
            if (score > 1.0) {
                context().forward(record.withValue(anomaly(record.key(), record.timestamp(), reading.hour, reading.wh, score)));
            }
        }
    }

    /** Scores a meter's hours with the hours before. */
    private static final class ScoreMeter extends ContextualFixedKeyProcessor<String, Reading, String> {
        private KeyValueStore<String, byte[]> hours;

        @Override
        public void init(FixedKeyProcessorContext<String, String> context) {
            super.init(context);
            hours = context.getStateStore("hours");
        }

        @Override
        public void process(FixedKeyRecord<String, Reading> record) {
            Reading reading = record.value();
            byte[] known = hours.get(record.key());
            ANOMOLY_POWER.Recent recent = known == null ? new ANOMOLY_POWER.Recent() : new ANOMOLY_POWER.Recent(known);
            double score = recent.push(reading.startMs, reading.wh);
            hours.put(record.key(), recent.toBytes());
            if (score > 1.0) {
                int hour = ANOMOLY_POWER.hour(reading.startMs);
                context().forward(record.withValue(anomaly(record.key(), reading.startMs, hour, reading.wh, score)));
            }
        }
    }

    private static final class WithStore implements FixedKeyProcessorSupplier<String, Reading, String> {
        @Override
        public FixedKeyProcessor<String, Reading, String> get() {
            return new ScoreMeter();
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return Set.of(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("hours"), Serdes.String(), Serdes.ByteArray())
                    .withCachingEnabled()
                    .withLoggingEnabled(Map.of()));
        }
    }

    private static String anomaly(String meter, long timestampMs, int hour, double wh, double score) {
        return "{\"EVENT_TS\":" + timestampMs + ",\"HOUR\":" + hour + ",\"KWH\":" + wh + ",\"FN\":" + score + ",\"meter\":\"" + meter + "\"}";
    }

    public static void main(String[] arguments) throws Exception {
        String input = arguments[1];
        String output = arguments[2];
        String form = arguments[3];
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[6]);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[4]);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Integer.parseInt(arguments[5]));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64 << 20);
        settings.put("auto.offset.reset", "earliest");
        settings.put("max.poll.records", 10_000);
        settings.put("max.partition.fetch.bytes", 8 << 20);
        settings.put("fetch.min.bytes", 1 << 16);
        settings.put("fetch.max.wait.ms", 50);
        StreamsBuilder builder = new StreamsBuilder();
        boolean isUsual = arguments.length > 7;
        Deserializer<Reading> deserializer = form.equals("avro")
                ? (isUsual ? new UsualAvro(arguments[7]) : new QuickAvro())
                : (isUsual ? new UsualJson() : new QuickJson());
        Serde<Reading> serde = Serdes.serdeFrom((topic, reading) -> null, deserializer);
        KStream<String, Reading> readings = builder.stream(input, Consumed.with(Serdes.String(), serde));
        KStream<String, String> anomalies = form.equals("meters") ? readings.processValues(new WithStore()) : readings.processValues(ScoreHour::new);
        anomalies.to(output, Produced.with(Serdes.String(), Serdes.String()));
        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(10))));
        streams.start();
        Thread.currentThread().join();
    }
}
