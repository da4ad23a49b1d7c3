/** The last part of a lane: customer, else object, else type. */
export const subjectOf = (lane: string): string => lane.slice(lane.indexOf(':') + 1)
