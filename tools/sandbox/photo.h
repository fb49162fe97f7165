/* Photos from a folder, so that tests have a URL to give. */
#ifndef SANDBOX_PHOTO_H
#define SANDBOX_PHOTO_H

struct visit;

/* Answers /_sandbox/photo/NAME from the folder of --photos. */
void photo_serve(struct visit *visit);

#endif
