import type { CronJob } from '@kubewright/api/batch/v1';
import { parseSchedule, type Schedule } from './cron-schedule.js';
import { localTimeZone, zoneOffset } from './time-zone.js';

/**
 * The schedule of a CronJob in its zone, which is this process's where it names none.
 * @param tell hears what a user should know of it, as the reason and message of an event
 * @returns what is wrong where it can't be read
 */
export function scheduleOf(
  { spec }: CronJob,
  tell: (reason: string, message: string) => void = () => undefined,
): Schedule | Error {
  const { schedule, timeZone } = spec;
  if (timeZone !== undefined) {
    try {
      zoneOffset(timeZone, 0);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      tell('UnknownTimeZone', `invalid timeZone: "${timeZone}": unknown time zone ${timeZone}`);
      return error;
    }
  }
  const [, zone, rest] = /^(?:CRON_)?TZ=(\S*)\s+(.*)$/.exec(schedule) ?? [];
  if (zone !== undefined)
    tell(
      'UnsupportedSchedule',
      `CRON_TZ or TZ used in schedule "${schedule}" is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`,
    );
  try {
    return parseSchedule(rest ?? schedule, zone ?? timeZone ?? localTimeZone());
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    tell('UnparseableSchedule', `unparseable schedule: "${schedule}" : ${error.message}`);
    return error;
  }
}
