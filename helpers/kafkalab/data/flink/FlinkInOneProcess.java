import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.table.gateway.SqlGateway;

/**
 * A JobManager, a TaskManager and a SQL gateway in one Java process.
 *
 * Flink's own main classes start one of the three each. The gateway comes last: once it answers,
 * jobs find their slots. The settings are in config.yaml in the folder FLINK_CONF_DIR.
 *
 * The class file beside this one is made by javac 17 with --release 17 -g:none; a test compares it.
 */
public final class FlinkInOneProcess {
    public static void main(String[] arguments) {
        int status = 1;
        try {
            Configuration settings = GlobalConfiguration.loadConfiguration();
            MiniCluster cluster =
                    new MiniCluster(
                            new MiniClusterConfiguration.Builder()
                                    .setConfiguration(settings)
                                    .setNumSlotsPerTaskManager(
                                            settings.get(TaskManagerOptions.NUM_TASK_SLOTS))
                                    .build());
            cluster.start();
            while (cluster.requestClusterOverview().get().getNumSlotsTotal() == 0) {
                Thread.sleep(20);
            }
            SqlGateway.main(arguments);
            status = 0;
        } catch (Throwable error) {
            error.printStackTrace();
        }
        System.exit(status); // a part that failed would leave the threads of the others
    }
}
