// Cumulative statistics as functions and commands ask for them: the process's counters, with what the session itself has
// gathered since its last flush beside them.
import { statisticsCounters } from '../../functions/server-services.js';
import type { StatisticsCounter, StatisticsService } from '../../functions/server-services.js';
import { RelationCounts } from '../../transaction/session-statistics.js';
import { StatisticsTable } from '../../transaction/statistics.js';
import type { Session } from '../session.js';

/** The counters of the process, by the names that the functions room lists. */
export const statistics = new StatisticsTable(statisticsCounters);

const nothing = new RelationCounts();

export function statisticsOf(session: Session): StatisticsService {
  return {
    counter: (database, relation, counter) => statistics.counter(database, relation, counter),
    time: (database, relation, counter) => statistics.time(database, relation, counter),
    has: (database, relation) => statistics.relations(database).includes(relation),
    pending(relation, counter) {
      const counts = session.statistics.pending(relation) ?? nothing;
      return counter in counts ? Number(counts[counter as StatisticsCounter & keyof RelationCounts]) : 0;
    },
    forceFlush() {
      session.statistics.isForced = true;
    },
    reset: (database, relation) => statistics.reset(database, relation),
    maintained(database, relation, changes) {
      for (const [counter, value] of Object.entries(changes.set)) {
        statistics.set(database, relation, counter as StatisticsCounter, value);
      }
      statistics.add(database, relation, { [changes.count]: 1 });
    },
  };
}
