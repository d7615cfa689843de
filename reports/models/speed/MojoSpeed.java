import hex.genmodel.MojoModel;
import hex.genmodel.algos.deeplearning.DeeplearningMojoModel;
import hex.genmodel.easy.EasyPredictModelWrapper;
import hex.genmodel.easy.RowData;
import java.util.Arrays;
import java.util.Random;

/**
 * Nanoseconds a reading of an H2O autoencoder's exported model (MOJO), on the calling thread, warmed up.
 *
 * <pre>java -XX:+UseSerialGC -cp h2o-genmodel.jar MojoSpeed.java model.zip</pre>
 *
 * Rows are random: any category, numbers up to two deviations from their mean. They are ready before the clock starts, so no time
 * goes into making them; in a stream each would be made from a reading. Prints {@code way,median_ns} a way:
 * {@code score0} rebuilds the row only, the easy wrapper also tells how far that is from the row, which is the score.
 */
public final class MojoSpeed {
    static final int ROWS = 20_000;
    static final int WARM_UP = 30;
    static final int PASSES = 21;

    interface Pass {
        double over() throws Exception;
    }

    public static void main(String[] args) throws Exception {
        var model = (DeeplearningMojoModel) MojoModel.load(args[0]);
        var easy = new EasyPredictModelWrapper(model);
        var rows = new double[ROWS][];
        var named = new RowData[ROWS];
        var random = new Random(1);
        for (int i = 0; i < ROWS; i++) {
            rows[i] = row(model, random);
            named[i] = named(model, rows[i]);
        }
        var rebuilt = new double[model.getPredsSize(model.getModelCategory())];
        report("score0", () -> {
            double sum = 0;
            for (var row : rows) {
                sum += model.score0(row, rebuilt)[0];
            }
            return sum;
        });
        report("easy wrapper", () -> {
            double sum = 0;
            for (var row : named) {
                sum += easy.predictAutoEncoder(row).mse;
            }
            return sum;
        });
    }

    /** Categories first, as their places among the model's levels; then numbers. The order is the model's. */
    static double[] row(DeeplearningMojoModel model, Random random) {
        var row = new double[model.nfeatures()];
        for (int i = 0; i < row.length; i++) {
            var levels = model.getDomainValues(i);
            int number = i - model._cats;
            row[i] = levels != null
                    ? random.nextInt(levels.length)
                    : model._normsub[number] + (4 * random.nextDouble() - 2) / model._normmul[number];
        }
        return row;
    }

    static RowData named(DeeplearningMojoModel model, double[] row) {
        var named = new RowData();
        for (int i = 0; i < row.length; i++) {
            var levels = model.getDomainValues(i);
            named.put(model.getNames()[i], levels != null ? levels[(int) row[i]] : (Object) row[i]);
        }
        return named;
    }

    static void report(String way, Pass pass) throws Exception {
        double sum = 0;
        for (int i = 0; i < WARM_UP; i++) {
            sum += pass.over();
        }
        var ns = new double[PASSES];
        for (int i = 0; i < PASSES; i++) {
            long start = System.nanoTime();
            sum += pass.over();
            ns[i] = (double) (System.nanoTime() - start) / ROWS;
        }
        Arrays.sort(ns);
        if (Double.isNaN(sum)) {
            throw new IllegalStateException(way + " gives no number");
        }
        System.out.printf("%s,%.1f%n", way, ns[PASSES / 2]);
    }
}
