// SPDX-License-Identifier: Apache-2.0

package manual

// Descriptions is for the test that looks for keys that are gone.
var Descriptions = descriptions
