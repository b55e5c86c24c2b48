#include "tiler/body.h"

#include "store/geos_time.h"

void dk_body_finish(dk_bodies *bodies, dk_body *body)
{
    dk_buf_finish(&body->bytes);
    if (body->held > 0)
        atomic_fetch_sub(&bodies->held, body->held);
    body->held = 0;
    body->since = 0;
}

/* Counts what a body holds before it holds it. */
static bool hold(dk_bodies *bodies, dk_body *body, size_t more)
{
    const size_t before = atomic_fetch_add(&bodies->held, more);
    if (before + more > DK_UPLOADS_MAX) {
        atomic_fetch_sub(&bodies->held, more);
        return false;
    }
    body->held += more;
    return true;
}

dk_body_result dk_body_add(dk_bodies *bodies, dk_body *body, const void *data, size_t size)
{
    const double now = dk_seconds_now();
    dk_body_result result = DK_BODY_KEPT;
    if (body->since == 0)
        body->since = now;
    if (size > DK_UPLOAD_MAX - body->bytes.size)
        result = DK_BODY_LARGE;
    else if (now - body->since > DK_UPLOAD_SECONDS)
        result = DK_BODY_SLOW;
    else if (body->bytes.size + size > body->held && !hold(bodies, body, body->bytes.size + size - body->held))
        result = DK_BODY_FULL;
    else
        dk_buf_append(&body->bytes, data, size);
    if (result == DK_BODY_KEPT && body->bytes.failed)
        result = DK_BODY_FULL;
    /* The buffer grows ahead of what is in it. */
    if (result == DK_BODY_KEPT && body->bytes.capacity > body->held &&
        !hold(bodies, body, body->bytes.capacity - body->held))
        result = DK_BODY_FULL;
    if (result != DK_BODY_KEPT)
        dk_body_finish(bodies, body);
    return result;
}
