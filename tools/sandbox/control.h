/* The sandbox's own interface: calls and faults. */
#ifndef SANDBOX_CONTROL_H
#define SANDBOX_CONTROL_H

struct visit;

void control_calls_list(struct visit *visit);
void control_calls_reset(struct visit *visit);
void control_faults_list(struct visit *visit);
void control_faults_set(struct visit *visit);
void control_faults_clear(struct visit *visit);
/* Redirects to itself, for ever. */
void control_redirect(struct visit *visit);

#endif
