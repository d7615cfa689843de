package knowatt.spark;

import java.sql.Timestamp;
import java.time.Instant;

/** What Spark hands over for an instant, by its settings, as milliseconds since 1970. */
final class KNOWATT_NAME_INSTANT {
    private KNOWATT_NAME_INSTANT() {}

    static Long ms(Object instant) {
        if (instant == null) {
            return null;
        } else if (instant instanceof Number) {
            return ((Number) instant).longValue();
        } else if (instant instanceof Timestamp) {
            return ((Timestamp) instant).getTime();
        } else if (instant instanceof Instant) {
            return ((Instant) instant).toEpochMilli();
        }
        throw new IllegalArgumentException("no instant but a " + instant.getClass().getSimpleName() + ": give TIMESTAMP or milliseconds since 1970");
    }
}
