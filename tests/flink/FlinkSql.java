import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;

/** Runs the statements of a file in a cluster within this process, and waits for the last: FlinkSql FILE. */
public class FlinkSql {
    public static void main(String[] arguments) throws Exception {
        Configuration configuration = new Configuration();
        // A cluster listens on every interface unless it is told.
        for (String key : new String[] {
            "rest.bind-address", "rest.address", "jobmanager.bind-host", "jobmanager.rpc.address", "taskmanager.bind-host", "taskmanager.host"
        }) {
            configuration.setString(key, "127.0.0.1");
        }
        configuration.setString("rest.bind-port", "0");
        TableEnvironment environment =
                TableEnvironment.create(EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(configuration).build());
        environment.getConfig().set("parallelism.default", "1");
        TableResult last = null;
        for (String statement : Files.readString(Path.of(arguments[0])).split(";\\s*\\n")) {
            if (!statement.isBlank()) {
                last = environment.executeSql(statement.trim());
            }
        }
        last.await();
    }
}
