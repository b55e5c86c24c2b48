#include "ingest/kml_shapes.h"

#include "ingest/dbf.h"
#include "store/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* "the placemark "A" <what>", the first such. */
static void tell(dk_kml_shapes *self, const char *what)
{
    if (self->problem[0] != '\0')
        return;
    if (self->n_name > 0)
        snprintf(self->problem, sizeof self->problem, "the placemark \"%.*s\" %s",
                 dk_utf8_fit(self->name, sizeof self->name - 1), self->name, what);
    else
        snprintf(self->problem, sizeof self->problem, "placemark %lld, which has no name, %s",
                 (long long)self->n_placemarks, what);
}

/* ---- coordinates ---- */

static void tell_number(dk_kml_shapes *self, const char *what)
{
    char sentence[200];
    snprintf(sentence, sizeof sentence,
             "has coordinates that are no places (longitude,latitude): \"%.*s\" %s; correct them",
             dk_utf8_fit(self->number, 30), self->number, what);
    tell(self, sentence);
}

/* Programs write NaN for a height that they do not know. */
static bool is_number(const char *text, size_t size, bool height)
{
    const unsigned char *number;
    size_t n;
    const dk_dbf_number kind = dk_dbf_number_read((const unsigned char *)text, size, &number, &n);
    return kind == DK_DBF_WHOLE || kind == DK_DBF_DECIMAL ||
           (height && strcasecmp(text + (text[0] == '-'), "nan") == 0);
}

static void end_number(dk_kml_shapes *self)
{
    if (self->n_number == 0)
        return;
    self->number[self->n_number] = '\0';
    if (!is_number(self->number, self->n_number, self->n_numbers == 2))
        tell_number(self, "is no number");
    else if (self->n_numbers == 3)
        tell_number(self, "stands behind the third number of one");
    self->n_number = 0;
    self->n_numbers++;
    self->comma = self->blank = false;
}

static void end_place(dk_kml_shapes *self)
{
    if (self->n_numbers == 1)
        tell(self, "has coordinates that are no places (longitude,latitude): a number stands alone; correct them");
    self->n_numbers = 0;
    self->loose = false;
}

static void take(dk_kml_shapes *self, char c)
{
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        end_number(self);
        self->blank = true;
    } else if (c == ',') {
        end_number(self);
        if (self->n_numbers == 3 && !self->loose) { /* one more than is needed: x,y,z, x,y,z, */
            end_place(self);
            return;
        }
        if (self->comma || self->n_numbers == 0)
            tell(self, "has coordinates that are no places (longitude,latitude): a comma stands where none belongs; "
                       "correct them");
        self->comma = true;
        self->blank = false;
    } else {
        if (self->n_number == 0 && !self->comma)
            end_place(self);
        self->loose |= self->n_number == 0 && self->comma && self->blank;
        if (self->n_number + 1 < sizeof self->number)
            self->number[self->n_number++] = c;
    }
}

void dk_kml_shapes_text(dk_kml_shapes *self, const char *text, size_t size)
{
    for (size_t i = 0; i < size && self->in_coordinates; i++)
        take(self, text[i]);
    if (self->in_name) {
        const size_t room = sizeof self->name - 1 - self->n_name, n = size < room ? size : room;
        memcpy(self->name + self->n_name, text, n);
        self->n_name += n;
        self->name[self->n_name] = '\0';
    }
}

static void begin_coordinates(dk_kml_shapes *self)
{
    self->in_coordinates = true;
    self->comma = self->blank = self->loose = false;
    self->n_number = 0;
    self->n_numbers = 0;
}

static void end_coordinates(dk_kml_shapes *self)
{
    end_number(self);
    end_place(self);
    self->in_coordinates = false;
}

/* ---- elements ---- */

static bool is(const char *element, const char *name)
{
    return strcmp(element, name) == 0;
}

static bool is_geometry(const char *element)
{
    static const char *const names[] = {"Point",        "LineString",      "LinearRing", "Polygon",    "MultiGeometry",
                                        "MultiPolygon", "MultiLineString", "MultiPoint", "MultiTrack", "Track"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is(element, names[i]))
            return true;
    return false;
}

static bool begin_ring(dk_kml_shapes *self)
{
    if (self->boundary == NO_BOUNDARY || self->depth != self->at_boundary + 1 || ++self->n_rings == 1)
        return false;
    if (self->boundary == OUTER)
        tell(self,
             "has a Polygon with several outer rings, of which one alone would be read; give each a Polygon of its "
             "own, in a MultiGeometry");
    return self->boundary == INNER;
}

bool dk_kml_shapes_start(dk_kml_shapes *self, const char *element)
{
    const bool child = self->placemark > 0 && self->depth == self->placemark;
    self->depth++;
    if (is(element, "Placemark")) {
        self->n_placemarks += self->update == 0;
        self->placemark = self->depth;
        self->n_name = 0;
        self->n_geometries = 0;
    } else if (is(element, "GroundOverlay")) {
        self->n_overlays += self->update == 0;
    } else if (is(element, "NetworkLink")) {
        self->n_links += self->update == 0;
    } else if (is(element, "Update") && self->update == 0) {
        self->update = self->depth;
    } else if (child && is(element, "name")) {
        self->in_name = true;
        self->n_name = 0;
    }
    if (child && is_geometry(element) && ++self->n_geometries == 2)
        tell(self, "has several geometries, of which one alone would be read; put them into one MultiGeometry");
    if (is(element, "Polygon")) {
        self->n_outer = self->n_inner = 0;
    } else if (is(element, "outerBoundaryIs") || is(element, "innerBoundaryIs")) {
        self->boundary = element[0] == 'o' ? OUTER : INNER;
        if (self->boundary == OUTER && ++self->n_outer == 2)
            tell(self,
                 "has a Polygon with several outer rings, of which one alone would be read; give each a Polygon of "
                 "its own, in a MultiGeometry");
        self->n_inner += self->boundary == INNER;
        self->n_rings = 0;
        self->at_boundary = self->depth;
    } else if (is(element, "coordinates")) {
        begin_coordinates(self);
    }
    return is(element, "LinearRing") && begin_ring(self);
}

void dk_kml_shapes_end(dk_kml_shapes *self, const char *element)
{
    if (self->depth == self->placemark)
        self->placemark = 0;
    if (self->depth == self->update)
        self->update = 0;
    self->depth--;
    self->in_name = false;
    if (is(element, "coordinates"))
        end_coordinates(self);
    else if (is(element, "outerBoundaryIs") || is(element, "innerBoundaryIs"))
        self->boundary = NO_BOUNDARY;
    else if (is(element, "Polygon") && self->n_outer == 0 && self->n_inner > 0)
        tell(self, "has a Polygon with holes and without an outer ring, of which a hole would be read as the outline; "
                   "correct it");
}
