package interop;

import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/** One line a check, as run.ts reads them. */
final class Report {
  interface Check {
    void run() throws Exception;
  }

  private boolean failed;

  boolean failed() {
    return failed;
  }

  /** An exception is a difference. */
  void check(String name, Check body) {
    try {
      body.run();
      System.out.println("ok " + name);
    } catch (Exception | AssertionError error) {
      failed = true;
      error.printStackTrace();
      System.out.println("not ok " + name + ": " + String.valueOf(error.getMessage()).replace('\n', ' '));
    }
  }

  static void same(String what, Object got, Object want) {
    if (!Objects.equals(got, want)) throw new AssertionError(what + " is " + got + ", not " + want);
  }

  /** The call is refused with a Status of this code and reason. */
  static Status refused(int code, String reason, Check call) throws Exception {
    try {
      call.run();
    } catch (KubernetesClientException error) {
      same("code", error.getCode(), code);
      if (error.getStatus() == null) throw new AssertionError("the refusal has no Status", error);
      same("reason", error.getStatus().getReason(), reason);
      return error.getStatus();
    }
    throw new AssertionError("the call succeeds, instead of " + code + " " + reason);
  }

  /** Waits for what the server does on its own. */
  static void until(String what, BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) throw new AssertionError(what + " does not happen");
      Thread.sleep(20);
    }
  }
}
